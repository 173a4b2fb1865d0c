import { metricsOption } from '../cli/metrics.js'
import * as cli from '../cli/options/option.js'
import * as value from '../cli/options/values.js'
import { compileZone } from './time/log-clock.js'

const options = {
  status: cli.defaulted('LIST', 'which answers become records', value.statuses, '4xx,5xx'),
  all: cli.flag('every answer becomes a record; the same as --status any'),
  trust: cli.repeated('CIDR', 'hops that are ours, @FILE for one a line', value.ranges, 'private ranges'),
  hops: cli.single(
    'N',
    'instead of --trust: exactly N proxies append to X-Forwarded-For',
    value.whole(1, 100),
  ),
  tz: cli.single('ZONE', "the log's time zone, as Europe/Berlin or +02:00; else the machine's", compileZone),
  'log-format': cli.single('FORMAT', "the log-format of uWSGI's ini file, where it has one", value.text),
  'log-format-strftime': cli.flag('the ini file has logformat-strftime'),
  'log-date': cli.single('FORMAT', 'the log-date of the ini file, for %(ftime)', value.text),
  ini: cli.single('FILE', 'reads all of these from the ini file itself', value.file),
  field: cli.single(
    'NAME',
    'the lines are JSON, from a log encoder: the member that holds the message',
    value.text,
  ),
  since: cli.single('WHEN', 'passes over what was before: 2026-11-22T14:00, or 10m ago', value.text),
  unparsed: cli.single('FILE', 'keeps the lines that are not understood', value.text),
  metrics: metricsOption,
  explain: cli.flag('instead of records, tells for each the hops from right to left and the verdict on them'),
}

/** How it is used: --help, the man page and completion are made of this. */
export const usage = {
  command: 'uwsgi-parse',
  describe: 'Reads a uWSGI log on stdin, writes a request record a line (JSON Lines) on stdout.',
  options,
} satisfies cli.Usage
