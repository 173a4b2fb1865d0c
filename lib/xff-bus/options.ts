import { metricsOption } from '../cli/metrics.js'
import * as cli from '../cli/options/option.js'
import { url } from '../cli/options/url.js'
import * as value from '../cli/options/values.js'

const DAY = 86_400
const NAME_FORM = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/
const NAME = value.pattern(NAME_FORM, 'up to 63 letters, digits, _ and -')
const MAX_KEY_BYTES = 64 * 1024

/** A user of the servers: a name, and the public key that it shows itself with. */
export interface User {
  name: string
  key: string
}

const options = {
  ...cli.group('The broker', {
    server: cli.repeated(
      'URL',
      'a server of the broker, nats://HOST:PORT or tls://HOST:PORT',
      server,
      'nats://127.0.0.1:4222',
    ),
    nkey: cli.single(
      'FILE',
      'the seed of the user at the broker; xff-bus key makes one',
      value.content(MAX_KEY_BYTES),
    ),
    creds: cli.single(
      'FILE',
      'credentials of the user at the broker, instead of --nkey',
      value.content(MAX_KEY_BYTES),
    ),
    ca: cli.single('FILE', 'certificates of the authorities that the servers are trusted by, PEM', readable),
    fleet: cli.defaulted('NAME', 'name of the fleet: one app on many hosts', NAME, 'app'),
    from: cli.single(
      'NAME',
      'who writes or reads: a name of its own for every log (default: the name of the host)',
      NAME,
    ),
  }),
  ...cli.group('Reading and writing', {
    since: cli.goesWith(
      ['read requests', 'read bans', 'write bans'],
      cli.single(
        'TIME',
        'how far back to read (default: 20m of requests; 7d of bans, 1d before write bans)',
        value.duration(0, 3_650 * DAY),
      ),
    ),
    late: cli.goesWith(
      ['read requests'],
      cli.defaulted(
        'TIME',
        "how long after its time a record may reach the broker and count, by the broker's clock",
        value.duration(0, 30 * DAY),
        '10m',
      ),
    ),
    ahead: cli.goesWith(
      ['read requests', 'status'],
      cli.defaulted(
        'TIME',
        "how far a record may be ahead of the broker's clock and count",
        value.duration(0, 30 * DAY),
        '30s',
      ),
    ),
    'name-hosts': cli.goesWith(
      ['read requests'],
      cli.flag('write into each record which host has reported it, for xff-window --hosts-min'),
    ),
    end: cli.goesWith(['read requests', 'read bans'], cli.flag('stop at what is the end now')),
    gather: cli.goesWith(
      ['write requests', 'write bans'],
      cli.defaulted(
        'SECONDS',
        'how long records are gathered for a batch; 1 for hundreds of hosts',
        value.number(0, 60),
        '0',
      ),
    ),
  }),
  ...cli.group(
    'With setup',
    {
      replicas: cli.defaulted('N', 'how many servers keep each log', value.whole(1, 5), '1'),
      keep: cli.defaulted('TIME', 'how long requests are kept', value.duration(60, 30 * DAY), '1h'),
      'keep-bans': cli.defaulted(
        'TIME',
        'how long bans are kept: the longest ban and a day',
        value.duration(60, 3_650 * DAY),
        '8d',
      ),
      size: cli.defaulted('MIB', 'how much of requests is kept, in MiB', value.whole(1, 1_048_576), '2048'),
      'print-auth': cli.flag(
        'print the part of nats-server.conf that says who may do what, and change nothing',
      ),
      host: cli.repeated('NAME=KEY', 'with --print-auth: a host and its public key', user),
      counter: cli.repeated('NAME=KEY', 'with --print-auth: a counter and its public key', user),
      operator: cli.repeated('NAME=KEY', 'with --print-auth: a person and the public key', user),
      admin: cli.repeated('NAME=KEY', 'with --print-auth: who may run setup, and the public key', user),
    },
    ['setup'],
  ),
  ...cli.group('Other', {
    metrics: metricsOption,
  }),
}

/** How it is used: --help, the man page and completion are made of this. */
export const usage = {
  command: 'xff-bus',
  describe: 'Carries requests and bans between the hosts of a fleet, over NATS JetStream.',
  subcommands: [
    {
      call: 'write requests',
      describe: 'appends the requests on stdin, each once, however often it is started on a log',
      examples: [
        ['tail -F uwsgi.log | uwsgi-parse | xff-bus write requests', 'reports what is in the log of a host'],
      ],
    },
    {
      call: 'read requests',
      describe: 'writes the requests of all hosts to stdout',
      examples: [['xff-bus read requests --end | xff-report --text', 'what is known of the last 20 minutes']],
    },
    {
      call: 'write bans',
      describe: 'appends the bans and unbans on stdin, each once, whoever else writes them as well',
      examples: [['xff-bus read requests | xff-window | xff-bus write bans', 'counts for the whole fleet']],
    },
    {
      call: 'read bans',
      describe: 'writes the bans and unbans of the fleet to stdout',
      examples: [['xff-bus read bans | xff-ban --port 3031', 'enforces them on this host']],
    },
    {
      call: 'setup',
      describe: 'makes the two streams, or changes them',
      examples: [
        ['xff-bus setup --replicas 3 --keep 2h', 'each stream on three servers, requests for two hours'],
        ['xff-bus setup --print-auth --host web1=UABC...', 'what belongs into nats-server.conf'],
      ],
    },
    {
      call: 'status',
      describe: 'shows the streams, and which hosts are silent',
      examples: [['xff-bus status', 'as a table, or as JSON in a pipe']],
    },
    {
      call: 'key FILE',
      describe: 'makes a new seed for a user in FILE, and prints its public key',
      takes: [],
      examples: [
        ['xff-bus key /etc/xff-jail/web1.nk', 'for --nkey of web1, and --host of setup --print-auth'],
      ],
    },
  ],
  options,
  needsSubcommand: true,
  sharesOptions: true,
  examples: [
    ['tail -F uwsgi.log | uwsgi-parse | xff-bus write requests', 'on each host: reports what is in its log'],
    ['xff-bus read requests | xff-window | xff-bus write bans', 'counts for all of them, on any host'],
  ],
} satisfies cli.Usage

export type Given = cli.Values<typeof options>

/** `nats://HOST:PORT`; a password would be for all to see. */
function server(text: string): { url: string; isTls: boolean } {
  const parsed = url('nats', 'tls')(text)
  if (parsed.username !== '' || parsed.password !== '')
    throw new RangeError('expected no user in it (--nkey or --creds name a file that has one)')
  return { url: `${parsed.protocol}//${parsed.host}`, isTls: parsed.protocol === 'tls:' }
}

function readable(path: string): string {
  value.file(path)
  return path
}

function user(text: string): User {
  const at = text.indexOf('=')
  const [name, key] = [text.slice(0, at), text.slice(at + 1)]
  if (at > 0 && NAME_FORM.test(name) && /^U[A-Z2-7]{55}$/.test(key)) return { name, key }
  throw new RangeError(
    `expected NAME=KEY with a public key such as xff-bus key prints, got ${value.quote(text)}`,
  )
}
