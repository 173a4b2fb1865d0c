import { metricsOption } from '../cli/metrics.js'
import { program } from '../cli/options/command.js'
import * as cli from '../cli/options/option.js'
import * as value from '../cli/options/values.js'
import { FORMS, VERBS } from './control/subcommand.js'
import { PACKET_OPTIONS } from './options-packets.js'

const NAME = value.pattern(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,27}$/, 'up to 28 letters, digits and _.-')
// both are named in what we say to HAProxy and to ipset
const MAP = value.pattern(/^\/[A-Za-z0-9_./+-]+$/, 'a path from / on of letters, digits and _./+-')
const SET = value.pattern(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,25}$/, 'up to 26 letters, digits and _.-')
const SPAN = value.duration(1, 315_360_000)

const options = {
  port: cli.repeated('N', 'refuse requests of banned clients to this TCP port', value.whole(1, 65_535)),
  dir: cli.single('DIR', 'keep one file per ban in this directory, named after the address', value.text),
  haproxy: cli.single('SOCKET', 'ban in HAProxy, through its admin socket', value.text),
  map: cli.single(
    'FILE',
    'map of HAProxy that holds the end of each ban, spelled as in its configuration: ' +
      'http-request set-var(txn.now) date() and http-request deny if { src,map_ip_int(FILE,0),sub(txn.now) gt 0 }',
    MAP,
  ),
  nginx: cli.single(
    'FILE',
    'ban in nginx: write deny directives to this file (include FILE;) and reload nginx',
    value.text,
  ),
  'nginx-command': cli.single(
    'COMMAND',
    'how to run nginx, such as "nginx -c /srv/nginx.conf" (default: nginx)',
    program,
  ),
  set: cli.single(
    'NAME',
    'keep the ipsets NAME (IPv4) and NAME6 (IPv6) for rules of your own: ' +
      'iptables -I INPUT -m set --match-set NAME src -j DROP, and ip6tables likewise with NAME6',
    SET,
  ),
  'on-ban': cli.single(
    'COMMAND',
    'run a program for each ban: arguments separated by spaces, no shell, {ip} becomes the address, the record is ' +
      'on its stdin; after a restart it runs again for each ban',
    program,
  ),
  'on-unban': cli.single('COMMAND', 'run a program for each unban, likewise', program),
  'exec-timeout': cli.single('SECONDS', 'time limit of these programs (default: 10)', value.whole(1, 3600)),
  'dry-run': cli.flag('decide and print, but enforce nothing'),
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
  name: cli.defaulted(
    'NAME',
    'name of the jail, after which its chain and its journal are named',
    NAME,
    'xff-ban',
  ),
  state: cli.single('FILE', 'journal file (default: /var/lib/xff-ban/NAME.jsonl)', value.text),
  ignore: cli.repeated('CIDR', 'addresses that are never banned; @FILE holds one per line', value.ranges),
  private: cli.flag('allow bans of private addresses'),
  clock: cli.defaulted(
    'CLOCK',
    'wall: the time of the system; log: the time of the newest record',
    value.oneOf('wall', 'log'),
    'wall',
  ),
  flush: cli.flag('remove all bans at the end'),
  verify: cli.defaulted(
    'TIME',
    'how often to check that the bans are still enforced',
    value.duration(1, 86_400),
    '60',
  ),
  storm: cli.defaulted(
    'N',
    'warn when this many bans are made within a minute',
    value.whole(1, 1_000_000),
    '1000',
  ),
  ...PACKET_OPTIONS,
  metrics: metricsOption,
}

/** How it is used: --help, the man page and completion are made of this. */
export const usage = {
  command: 'xff-ban',
  describe: 'Reads ban and unban records on stdin, enforces them, and writes those enforced on stdout.',
  forms: FORMS,
  verbs: VERBS,
  lifting: ['unban'],
  options,
} satisfies cli.Usage
