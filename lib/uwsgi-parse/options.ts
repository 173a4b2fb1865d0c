import { metricsOption } from '../cli/metrics.js'
import * as cli from '../cli/options/option.js'
import * as value from '../cli/options/values.js'
import { LAYOUTS } from './layout/named.js'
import { compileZone } from './time/zone.js'

const options = {
  ...cli.group('What it reads', {
    socket: cli.single(
      'PROTOCOL',
      'how the front end reaches uWSGI: http (http-socket) or uwsgi (socket, with log-x-forwarded-for off); then no header ' +
        "can make a line of uWSGI's own layout ambiguous",
      value.oneOf('http', 'uwsgi'),
    ),
    ini: cli.single(
      'FILE',
      "uWSGI's configuration (ini, YAML, XML or JSON), or FILE:SECTION: it says what --log-format, --log-date, --socket, " +
        '--cut and --field would say',
      value.text,
    ),
    'log-format': cli.single(
      'FORMAT',
      'log-format in the configuration of uWSGI, where it has one',
      value.text,
    ),
    'log-format-strftime': cli.flag('the configuration of uWSGI has logformat-strftime'),
    'log-date': cli.single('FORMAT', 'log-date in the configuration of uWSGI, for %(ftime)', value.text),
    layout: cli.single(
      'SERVER',
      `instead of uWSGI, the access log of another server: ${LAYOUTS.join(', ')}`,
      value.oneOf(...LAYOUTS),
    ),
    field: cli.single(
      'NAME',
      'the lines are JSON objects (a JSON log encoder, a collector): the key that holds the log line, or the path to it ' +
        '(message.log)',
      value.text,
    ),
    cut: cli.single(
      'BYTES',
      'length at which the logger cuts or splits lines: the client of such a line, and of the next one, is unknown',
      value.whole(64, 65_536),
    ),
    tz: cli.single(
      'ZONE',
      "time zone of the log, such as Europe/Berlin or +02:00 (default: the machine's)",
      compileZone,
    ),
    since: cli.single(
      'WHEN',
      'skip requests before this time: 2026-11-22T14:00, or 10m for ten minutes ago',
      value.text,
    ),
  }),
  ...cli.group('Whose request it was', {
    trust: cli.repeated(
      'CIDR',
      `trusted proxies, skipped when the client is looked for: CIDR or ${value.rangeWords}; @FILE holds one per line`,
      value.ranges,
      'private ranges',
    ),
    hops: cli.single(
      'N',
      'instead of --trust: the number of proxies that append to X-Forwarded-For',
      value.whole(1, 100),
    ),
    address: cli.single(
      'NAME',
      "variable of the log-format that holds the client's address, as the front end writes it: X-Real-IP, " +
        'HTTP_CF_CONNECTING_IP, remote_ip',
      value.pattern(/^[\w.-]{1,100}$/, 'the name of a header or a variable'),
    ),
  }),
  ...cli.group('What it writes', {
    status: cli.defaulted('LIST', 'statuses of the requests that become records', value.statuses, '4xx,5xx'),
    all: cli.flag('write a record for every request; same as --status any'),
    tally: cli.defaulted(
      'TIME',
      'write a tally of each stretch of this length, by the time of the log; 0: none',
      value.duration(0, 3600),
      '10',
    ),
    unparsed: cli.single(
      'FILE',
      'append the lines that could not be parsed to this file; a device, /dev/stderr or /dev/fd/N will do as well',
      value.text,
    ),
    metrics: metricsOption,
    explain: cli.flag(
      'instead of records, show each list of addresses from right to left, and which one is the client',
    ),
  }),
}

/** How it is used: --help, the man page and completion are made of this. */
export const usage = {
  command: 'uwsgi-parse',
  describe: 'Reads the request log of uWSGI on stdin and writes request records on stdout, as JSON Lines.',
  options,
  examples: [
    ['tail -F uwsgi.log | uwsgi-parse --socket http | xff-window', 'who would be banned, as it happens'],
    [
      'uwsgi-parse --layout nginx --explain < access.log',
      'which address of each line of nginx is the client',
    ],
  ],
} satisfies cli.Usage
