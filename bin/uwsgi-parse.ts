#!/usr/bin/env node
import { openLineFile } from '../lib/cli/line-file.js'
import { openMetrics } from '../lib/cli/metrics.js'
import { checked, parseOptions, UsageError } from '../lib/cli/options/parse.js'
import { run } from '../lib/cli/run.js'
import { PRIVATE_RANGES } from '../lib/net/private.js'
import { counted } from '../lib/text/counted.js'
import { excerpt } from '../lib/text/printable.js'
import { advise } from '../lib/uwsgi-parse/advice.js'
import { compileClient } from '../lib/uwsgi-parse/client.js'
import { explain } from '../lib/uwsgi-parse/explain.js'
import { compileFormat, type Format, OWN_FORMAT, tellsTime } from '../lib/uwsgi-parse/layout/log-format.js'
import { readIni } from '../lib/uwsgi-parse/layout/uwsgi-ini.js'
import { usage } from '../lib/uwsgi-parse/options.js'
import { uwsgiParse } from '../lib/uwsgi-parse/stage.js'
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
  const format = chooseFormat(given)
  if (!tellsTime(format)) warn('this log-format has no time of day: no request can be counted')
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
  metrics.counter('unattributed_total', 'failures whose client is not known', () => tally.unattributed)
  return {
    stages,
    finish: metrics.finish,
    summary: () => {
      kept?.close()
      for (const advice of advise(tally)) warn(advice)
      const skipped = tally.skipped > 0 ? `${tally.skipped} of them skipped, ` : ''
      return (
        `${counted(tally.lines, 'line')}, ${counted(tally.requests, 'request')}, ${skipped}${tally.wanted} written, ` +
        `${counted(tally.unparsed, 'unparsed line')}, ${tally.unattributed} unattributed`
      )
    },
  }
})

function chooseFormat(given: {
  field: string | undefined
  ini: string | undefined
  'log-format': string | undefined
  'log-format-strftime': boolean
  'log-date': string | undefined
}): Format {
  if (given.ini !== undefined && given['log-format'] !== undefined) {
    throw new UsageError('--ini and --log-format exclude each other')
  }
  const settings = given.ini === undefined ? undefined : readIni(given.ini)
  const format = given['log-format'] ?? settings?.format
  if (format === undefined) return OWN_FORMAT
  return checked(settings ? '--ini: log-format: ' : '--log-format: ', () =>
    compileFormat({
      format,
      strftime: given['log-format-strftime'] || (settings?.strftime ?? false),
      logDate: given['log-date']?.replaceAll('%%', '%') ?? settings?.logDate,
      forwarded: settings?.forwarded,
      bufsize: settings?.bufsize,
      encoded: given.field !== undefined,
    }),
  )
}
