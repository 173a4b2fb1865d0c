#!/usr/bin/env node
import { openLineFile } from '../lib/cli/line-file.js'
import { openMetrics } from '../lib/cli/metrics.js'
import { checked, parseOptions, UsageError } from '../lib/cli/options/parse.js'
import { run } from '../lib/cli/run.js'
import { PRIVATE_RANGES } from '../lib/net/private.js'
import { excerpt } from '../lib/text/printable.js'
import { advise } from '../lib/uwsgi-parse/advice.js'
import { compileClient } from '../lib/uwsgi-parse/client.js'
import { explain } from '../lib/uwsgi-parse/explain.js'
import {
  compileFormat,
  type Format,
  type LogFormat,
  ownFormat,
  tellsDuration,
  tellsTime,
} from '../lib/uwsgi-parse/layout/log-format.js'
import type { Socket } from '../lib/uwsgi-parse/layout/uwsgi.js'
import { readIni } from '../lib/uwsgi-parse/layout/uwsgi-ini.js'
import { usage } from '../lib/uwsgi-parse/options.js'
import { uwsgiParse } from '../lib/uwsgi-parse/stage.js'
import { summarize } from '../lib/uwsgi-parse/tally.js'
import { parseSince } from '../lib/uwsgi-parse/time/since.js'
import { compileZone } from '../lib/uwsgi-parse/time/zone.js'

run(usage.command, async ({ onBadLine, warn }) => {
  const given = await parseOptions(usage, process.argv.slice(2))
  if (!given) return null
  if (given.hops !== undefined && given.trust.length > 0) {
    throw new UsageError('--hops and --trust exclude each other')
  }
  const ranges = given.trust.length > 0 ? given.trust.flat() : PRIVATE_RANGES
  const attribution = {
    client: compileClient({ ranges, hops: given.hops }),
    counted: given.hops !== undefined,
  }
  const zone = given.tz ?? compileZone()
  const since = given.since
  const format = chooseFormat(given, warn)
  if (!tellsTime(format)) warn('this log-format has no time of day: no request can be counted')
  else if (!tellsDuration(format)) {
    warn(
      'this log-format does not say how long a request took: a slow one is dated by its start, and so out of order. ' +
        'Add %(msecs)',
    )
  }
  const metrics = await openMetrics('uwsgi_parse', given.metrics, warn)
  const kept = given.unparsed === undefined ? undefined : openLineFile(given.unparsed, warn)

  const { stages, tally } = uwsgiParse({
    wanted: given.all ? () => true : given.status,
    attribution,
    zone,
    format,
    field: given.field,
    since: since === undefined ? undefined : checked('--since: ', () => parseSince(since, zone, Date.now())),
    unparsed: kept?.append,
    warn,
    onBadLine,
    explain: given.explain
      ? (parsed, line) => explain(parsed, line, format, attribution, excerpt)
      : undefined,
  })
  metrics.counter('lines_total', 'lines read', () => tally.lines)
  metrics.counter('requests_total', 'lines that are requests', () => tally.requests)
  metrics.counter('failures_total', 'requests with a wanted status', () => tally.wanted)
  metrics.counter('unparsed_total', 'lines that are no requests', () => tally.unparsed)
  metrics.counter('damaged_total', 'lines that begin as a request and are none', () => tally.damaged)
  metrics.counter('unattributed_total', 'failures whose client is not known', () => tally.unattributed)
  metrics.counter(
    'too_long_total',
    'unattributed failures that were too long for uWSGI to log',
    () => tally.doubts.get('too long') ?? 0,
  )
  return {
    stages,
    finish: metrics.finish,
    summary: () => {
      kept?.close()
      for (const advice of [...tally.proxies.about(tally.wanted), ...advise(tally, format)]) warn(advice)
      return summarize(tally)
    },
  }
})

/** What the options and the ini file say of the log; the options come first. */
function chooseFormat(
  given: {
    field: string | undefined
    ini: string | undefined
    socket: Socket | undefined
    cut: number | undefined
    'log-format': string | undefined
    'log-format-strftime': boolean
    'log-date': string | undefined
  },
  warn: (message: string) => void,
): Format {
  if (given.ini !== undefined && given['log-format'] !== undefined) {
    throw new UsageError('--ini and --log-format exclude each other')
  }
  const settings = given.ini === undefined ? undefined : readIni(given.ini)
  for (const warning of settings?.warnings ?? []) warn(inRed(warning))
  const string = given['log-format'] ?? settings?.format
  const said: Omit<LogFormat, 'format'> = {
    strftime: given['log-format-strftime'] || (settings?.strftime ?? false),
    logDate: given['log-date']?.replaceAll('%%', '%') ?? settings?.logDate,
    forwarded: settings?.forwarded,
    socket: given.socket ?? settings?.socket,
    cutAt: given.cut ?? settings?.cutAt,
    isSplit: given.cut !== undefined || (settings?.isSplit ?? false),
    encoded: given.field !== undefined,
  }
  const format =
    string === undefined
      ? ownFormat(said)
      : checked(settings ? '--ini: log-format: ' : '--log-format: ', () =>
          compileFormat({ ...said, format: string }),
        )
  if (format.isOwn && format.socket === undefined && settings?.socketDoubt !== undefined) {
    warn(
      `--ini: ${settings.socketDoubt}: give --socket http or --socket uwsgi, so that hostile lines are read exactly`,
    )
  }
  return format
}

function inRed(text: string): string {
  return process.stderr.isTTY ? `\x1b[31m${text}\x1b[0m` : text
}
