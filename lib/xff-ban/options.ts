import { metricsOption } from '../cli/metrics.js'
import * as cli from '../cli/options/option.js'
import * as value from '../cli/options/values.js'
import { DEFAULT_NAME } from './backend/backend.js'
import { LEAST_BITS, readWidest } from './jail/width.js'
import { BACKEND_OPTIONS } from './options-backends.js'
import { CHECK_OPTIONS } from './options-check.js'
import { ORDER_OPTIONS } from './options-orders.js'
import { PACKET_OPTIONS } from './options-packets.js'
import { SUBCOMMANDS, SUBCOMMANDS_NOTE } from './options-subcommands.js'

const NAME = value.pattern(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,27}$/, 'up to 28 letters, digits and _.-')
const SPAN = value.duration(1, 315_360_000)

const HOLD = value.duration(1, 3_600)

const options = {
  ...BACKEND_OPTIONS,
  ...cli.group('How long', {
    time: { ...cli.single('TIME', 'how long a ban lasts', SPAN, undefined, ['bantime']), defaultText: '1h' },
    increment: cli.flag('ban an address that was banned before for longer: twice as long each time'),
    factor: cli.single(
      'N',
      'with --increment: how many times as long, such as 1.5 (default: 2)',
      value.number(1, 100),
    ),
    'time-max': cli.single('TIME', 'with --increment: the longest time of a ban (default: 7d)', SPAN),
    remember: cli.defaulted('TIME', 'how long an address is remembered after its last ban', SPAN, '30d'),
    'max-bans': cli.defaulted(
      'N',
      'maximum number of bans; beyond it, the one that ends first is evicted',
      value.whole(1, 1_000_000),
      '20000',
    ),
    clock: cli.defaulted(
      'CLOCK',
      'when bans end: wall: by the time of the system; log: by the time of the newest record, for a replay',
      value.oneOf('wall', 'log'),
      'wall',
    ),
    flush: cli.flag('remove all bans when xff-ban exits'),
  }),
  ...cli.group('Who never', {
    ignore: cli.repeated(
      'CIDR',
      `addresses that are never banned: CIDR or ${value.rangeWords}; @FILE holds one per line`,
      value.ranges,
    ),
    private: cli.flag('allow bans of private addresses'),
    edges: cli.flag('allow bans of the edges of CDNs and load balancers, by which many clients come'),
    widest: cli.defaulted(
      'V4,V6',
      `bits of the widest prefixes that may be banned, IPv4 and IPv6, each at least ${LEAST_BITS}`,
      readWidest,
      '16,32',
    ),
  }),
  ...cli.group('Too many at once', {
    brake: cli.single(
      'SHARE',
      'hold first bans back that are more, within 10 minutes, than this share of the clients seen, and than 20; needs xff-window --tallies (default: 0%, never)',
      value.percent,
    ),
    hold: cli.single('TIME', 'with --brake: how long, until they fall by themselves (default: 5m)', HOLD),
    storm: cli.defaulted(
      'N',
      'warn when this many bans are made within a minute (a storm)',
      value.whole(1, 1_000_000),
      '1000',
    ),
  }),
  ...PACKET_OPTIONS,
  ...cli.group('The jail and its journal', {
    name: cli.defaulted(
      'NAME',
      'name of the jail; its journal and its chain or kernel tables are named after it',
      NAME,
      DEFAULT_NAME,
    ),
    state: cli.single('FILE', 'journal file (default: /var/lib/xff-ban/NAME.jsonl)', value.text),
    verify: cli.defaulted(
      'TIME',
      'how often to check that the bans are still enforced',
      value.duration(1, 86_400),
      '60',
    ),
    blind: cli.single(
      'TIME',
      'with xff-window --tallies: how long the log may be silent before that is said (default: 10m, once it was heard)',
      value.duration(1, 86_400),
    ),
    metrics: metricsOption,
  }),
  ...ORDER_OPTIONS,
  ...CHECK_OPTIONS,
}

export type Given = cli.Values<typeof options>

/** How it is used: --help, the man page and completion are made of this. */
export const usage = {
  command: 'xff-ban',
  describe: 'Reads ban and unban records on stdin, enforces them, and writes those enforced on stdout.',
  subcommands: SUBCOMMANDS,
  subcommandsNote: SUBCOMMANDS_NOTE,
  options,
  examples: [
    ['tail -F uwsgi.log | uwsgi-parse | xff-window | xff-ban --port 3031', 'the whole pipeline'],
    [
      'uwsgi-parse < uwsgi.log | xff-window | xff-ban --dry-run --clock log',
      'what it would have done with a log, and when',
    ],
  ],
} satisfies cli.Usage
