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
  port: cli.repeated(
    'N',
    'refuse packets to this port that come from a banned client',
    value.whole(1, 65_535),
  ),
  dir: cli.single('DIR', 'keep a file for each ban, named by the address', value.text),
  haproxy: cli.single('SOCKET', 'tell HAProxy through its admin socket', value.text),
  map: cli.single(
    'FILE',
    'the map of HAProxy that holds who is banned until when, named as in its configuration: ' +
      'http-request set-var(txn.now) date() and http-request deny if { src,map_ip_int(FILE,0),sub(txn.now) gt 0 }',
    MAP,
  ),
  nginx: cli.single(
    'FILE',
    'keep a file of deny lines and reload nginx, which says: include FILE;',
    value.text,
  ),
  'nginx-command': cli.single(
    'COMMAND',
    'how nginx is called, as "nginx -c /srv/nginx.conf"; else nginx',
    program,
  ),
  set: cli.single(
    'NAME',
    'keep the ipsets NAME and NAME6, to which rules of your own refer: ' +
      'iptables -I INPUT -m set --match-set NAME src -j DROP, and ip6tables likewise with NAME6',
    SET,
  ),
  'on-ban': cli.single(
    'COMMAND',
    'run a program for each ban: words apart by blanks, no shell, {ip} becomes the address; the record is on its ' +
      'stdin; after a restart it is told again of all bans',
    program,
  ),
  'on-unban': cli.single('COMMAND', 'the same for each unban', program),
  'exec-timeout': cli.single('SECONDS', 'how long such a program may take; else 10', value.whole(1, 3600)),
  'dry-run': cli.flag('decide and print, touch nothing'),
  time: { ...cli.single('TIME', 'how long a ban lasts', SPAN, undefined, ['bantime']), defaultText: '1h' },
  increment: cli.flag('an address banned before is banned for longer: twice as long each time'),
  factor: cli.single('N', 'with --increment: this many times as long, 1.5 say', value.number(1, 100)),
  'time-max': cli.single('TIME', 'with --increment: the longest a ban gets; else 7d', SPAN),
  remember: cli.defaulted('TIME', 'how long after its ban an address is remembered', SPAN, '30d'),
  'max-bans': cli.defaulted(
    'N',
    'beyond it the ban that ends first leaves',
    value.whole(1, 1_000_000),
    '20000',
  ),
  name: cli.defaulted('NAME', 'of the jail: its chain and its journal', NAME, 'xff-ban'),
  state: cli.single('FILE', 'the journal; else /var/lib/xff-ban/NAME.jsonl', value.text),
  ignore: cli.repeated('CIDR', 'never ban these, @FILE for one a line', value.ranges),
  private: cli.flag('private ranges may be banned too'),
  clock: cli.defaulted(
    'CLOCK',
    'wall, or log: the newest record tells the time',
    value.oneOf('wall', 'log'),
    'wall',
  ),
  flush: cli.flag('take the bans down at the end'),
  verify: cli.defaulted(
    'TIME',
    'how often to look whether the bans still stand',
    value.duration(1, 86_400),
    '60',
  ),
  storm: cli.defaulted('N', 'announce this many new bans within a minute', value.whole(1, 1_000_000), '1000'),
  ...PACKET_OPTIONS,
  metrics: metricsOption,
}

/** How it is used: --help, the man page and completion are made of this. */
export const usage = {
  command: 'xff-ban',
  describe: 'Reads ban and unban records on stdin, carries them out, writes those carried out on stdout.',
  forms: FORMS,
  verbs: VERBS,
  lifting: ['unban'],
  options,
} satisfies cli.Usage
