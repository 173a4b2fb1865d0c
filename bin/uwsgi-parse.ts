#!/usr/bin/env node
import { openLineFile } from '../lib/cli/line-file.js'
import { NEWEST_HELP, openMetrics } from '../lib/cli/metrics.js'
import { checked, checkedLater, parseOptions, UsageError } from '../lib/cli/options/parse.js'
import { run } from '../lib/cli/run.js'
import { PRIVATE_RANGES } from '../lib/net/private.js'
import { excerpt } from '../lib/text/printable.js'
import { advise } from '../lib/uwsgi-parse/advice.js'
import { chooseFormat } from '../lib/uwsgi-parse/choose-format.js'
import { compileClient } from '../lib/uwsgi-parse/client.js'
import { explain } from '../lib/uwsgi-parse/explain.js'
import { tellsDuration, tellsTime } from '../lib/uwsgi-parse/layout/log-format.js'
import { usage } from '../lib/uwsgi-parse/options.js'
import { type LogSettings, logSettings } from '../lib/uwsgi-parse/settings/log-settings.js'
import { readConfiguration } from '../lib/uwsgi-parse/settings/read.js'
import { uwsgiParse } from '../lib/uwsgi-parse/stage.js'
import { summarize, unattributedByCause } from '../lib/uwsgi-parse/tally.js'
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
  const settings = await settingsOf(given)
  const { format, field, doubt } = checked('', () => chooseFormat(given, settings))
  for (const warning of settings?.warnings ?? []) warn(inRed(`--ini: ${warning}`))
  if (doubt !== undefined) warn(doubt)
  if (!tellsTime(format)) warn('this log-format has no time of day: no request can be counted')
  else if (given.layout === undefined && !tellsDuration(format)) {
    warn(
      'this log-format does not say how long a request took: a slow one is dated by its start, and so out of order. ' +
        'Add %(msecs)',
    )
  }
  const metrics = await openMetrics('uwsgi_parse', given.metrics, warn)
  const kept = given.unparsed === undefined ? undefined : openLineFile(given.unparsed, warn)

  const { stages, tally, newest } = uwsgiParse({
    wanted: given.all ? () => true : given.status,
    attribution,
    zone,
    format,
    field,
    since: since === undefined ? undefined : checked('--since: ', () => parseSince(since, zone, Date.now())),
    unparsed: kept?.append,
    tallyMs: given.tally * 1000,
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
  metrics.counters(
    'unattributed_by_cause_total',
    'failures whose client is not known, by the cause',
    'cause',
    () => unattributedByCause(tally),
  )
  metrics.gauge('newest_record_timestamp_seconds', NEWEST_HELP, () => Math.max(0, newest()) / 1000)
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

/** What the configuration of uWSGI says, if there is one. */
async function settingsOf(given: {
  ini: string | undefined
  'log-format': string | undefined
}): Promise<LogSettings | undefined> {
  const { ini } = given
  if (ini === undefined) return undefined
  if (given['log-format'] !== undefined) throw new UsageError('--ini and --log-format exclude each other')
  return logSettings(await checkedLater('--ini: ', () => readConfiguration(ini)))
}

function inRed(text: string): string {
  return process.stderr.isTTY ? `\x1b[31m${text}\x1b[0m` : text
}
