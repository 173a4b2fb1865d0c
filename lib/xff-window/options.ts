import { metricsOption } from '../cli/metrics.js'
import * as cli from '../cli/options/option.js'
import * as value from '../cli/options/values.js'
import { crowd, patternsText, rulesText } from './options-rules.js'

const options = {
  ...cli.group('The limit', {
    max: cli.defaulted('N', 'ban a client on its Nth failure within --find', value.whole(1, 10_000), '10', [
      'maxretry',
    ]),
    find: cli.defaulted(
      'TIME',
      'length of the window in which failures are counted',
      value.duration(1, 31_536_000),
      '300',
      ['findtime'],
    ),
    status: cli.defaulted('LIST', 'statuses that count as failures', value.statuses, '4xx,5xx'),
    'ipv4-prefix': cli.defaulted(
      'N',
      'count and ban IPv4 clients by prefixes of N bits',
      value.whole(16, 32),
      '32',
    ),
    'ipv6-prefix': cli.defaulted(
      'N',
      'count and ban IPv6 clients by prefixes of N bits',
      value.whole(16, 128),
      '128',
    ),
    share: cli.defaulted(
      'SHARE',
      'ban by the general limit only clients of whose requests this share fails; needs uwsgi-parse --all',
      value.percent,
      '0%',
    ),
  }),
  ...cli.group('Limits of their own', {
    rule: cli.repeated(
      'RULE',
      "count what fits as well, under a name, as 'login: path=/login method=POST max=5'; @FILE holds one per line and is read again on SIGHUP",
      rulesText,
    ),
    'only-rules': cli.flag('count nothing but by --rule'),
    crowd: cli.repeated(
      'BITS/N',
      'ban a prefix of so many bits when N of its addresses are banned or half-way, as 24/5, for 10 minutes at first; as network/20 the prefixes of a network of --networks',
      crowd,
    ),
    networks: cli.single(
      'FILE',
      'table of networks (autonomous systems), as those of iptoasn.com, for --crowd and rules; read again on SIGHUP',
      value.text,
    ),
  }),
  ...cli.group('What does not count', {
    except: cli.repeated(
      'PATHS',
      'paths that are not counted, as /favicon.ico,/static/*, or the word browsers for what browsers ask for unbidden',
      patternsText,
    ),
    ignore: cli.repeated(
      'CIDR',
      'clients that are never counted; @FILE holds one per line and is read again on SIGHUP',
      value.rangesText,
    ),
    outage: cli.defaulted(
      'SHARE',
      'share of requests, and of clients, with errors (5xx) in a stretch of the log above which these do not count; 0%: never',
      value.percent,
      '20%',
    ),
  }),
  ...cli.group('In a fleet', {
    'hosts-min': cli.single(
      'N',
      'in a fleet: ban only for failures that N hosts have reported, and name them; needs xff-bus read requests --name-hosts',
      value.whole(1, 10_000),
    ),
  }),
  ...cli.group('Other', {
    late: cli.defaulted(
      'TIME',
      'how far out of order the lines of one log may be; beyond that, a line belongs to another log with its own clock',
      value.duration(0, 86_400),
      '60',
    ),
    keys: cli.defaulted('N', 'maximum number of addresses tracked', value.whole(1, 10_000_000), '1000000'),
    tallies: cli.flag('write the tallies of uwsgi-parse as well, for xff-ban --brake'),
    metrics: metricsOption,
    explain: cli.flag('instead of records, show each ban with the failures that caused it'),
  }),
}

/** How it is used: --help, the man page and completion are made of this. */
export const usage = {
  command: 'xff-window',
  describe: 'Reads request records on stdin and writes a ban record for each client that failed too often.',
  options,
  examples: [
    ['uwsgi-parse < uwsgi.log | xff-window --max 5 --find 1m', 'bans on the fifth failure within a minute'],
    [
      "uwsgi-parse < uwsgi.log | xff-window --rule 'probe: path=/.env,/.git/* max=1' --except browsers",
      'bans who asks for /.env at once, and does not count /favicon.ico',
    ],
  ],
} satisfies cli.Usage
