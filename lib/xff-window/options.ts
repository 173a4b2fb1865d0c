import { metricsOption } from '../cli/metrics.js'
import * as cli from '../cli/options/option.js'
import * as value from '../cli/options/values.js'

const options = {
  max: cli.defaulted(
    'N',
    'failures allowed up to: the Nth within --find tips the ban',
    value.whole(1, 10_000),
    '10',
    ['maxretry'],
  ),
  find: cli.defaulted('TIME', 'how far is looked back', value.duration(1, 31_536_000), '300', ['findtime']),
  late: cli.defaulted(
    'TIME',
    'lines out of order by up to this count as if in order',
    value.duration(0, 86_400),
    '60',
  ),
  status: cli.defaulted('LIST', 'which requests are failures', value.statuses, '4xx,5xx'),
  ignore: cli.repeated(
    'CIDR',
    'never counted, @FILE for one a line, read anew on SIGHUP',
    value.rangesOption,
  ),
  'ipv6-prefix': cli.defaulted(
    'N',
    'IPv6 clients are counted and banned by prefixes of N bits',
    value.whole(16, 128),
    '128',
  ),
  keys: cli.defaulted('N', 'addresses kept at the most', value.whole(1, 10_000_000), '1000000'),
  metrics: metricsOption,
  explain: cli.flag('instead of records, tells each ban with the failures that made it'),
}

/** How it is used: --help, the man page and completion are made of this. */
export const usage = {
  command: 'xff-window',
  describe: 'Reads request records on stdin, writes a ban record for each client that failed too often.',
  options,
} satisfies cli.Usage
