import type { Duplex } from 'node:stream'
import split2 from 'split2'
import type { Report } from '../fault.js'
import { MAX_LINE, wholeLines } from '../lines.js'
import { parseInstant, type RequestRecord } from '../record.js'
import { advise, countClient } from './advice.js'
import { messageOf } from './encoder.js'
import { DEFAULT_FORMAT, type Format } from './format.js'
import { unglue } from './glue.js'
import { type Reading, readLine } from './line.js'
import { type Attribution, toRequest } from './request.js'
import { logClock, type Zone } from './time.js'

export interface Options {
  /** which answers become records */
  wanted: (status: number) => boolean
  attribution: Attribution
  zone: Zone
  format: Format
  /** the member that holds the line, where a log encoder wrote JSON */
  field?: string | undefined
  /** answers before this are passed over; milliseconds since 1970 */
  since?: number | undefined
  /** takes the lines that are not understood */
  unparsed?: ((line: string) => void) | undefined
  /** takes advice for people */
  say: (advice: string) => void
  report: Report
}

/** What was in the log. */
export interface Tally {
  lines: number
  requests: number
  /** requests before `since` */
  skipped: number
  /** requests with a wanted status: the records that were written */
  wanted: number
  /** lines of other things: banners, tracebacks, what the app prints */
  foreign: number
  /** wanted requests whose client cannot be known */
  unattributed: number
  /** wanted requests whose only hop is an address that is ours, by address; the first few addresses */
  ours: Map<string, number>
}

/** Where a log is read live, its end never comes: advice is due after this many wanted requests too. */
const ADVISE_AT = 1000

/** One line of the log understood: the record, and the reading that led to it. */
export interface Understood {
  line: number
  reading: Reading
  record: RequestRecord
}

/** Log lines in, `make` of what was understood out; `undefined` writes nothing. */
export function uwsgiParse<T>(
  options: Options,
  make: (understood: Understood) => T,
): { stages: Duplex[]; tally: Tally } {
  const { format, attribution } = options
  const tally: Tally = {
    lines: 0,
    requests: 0,
    skipped: 0,
    wanted: 0,
    foreign: 0,
    unattributed: 0,
    ours: new Map(),
  }
  const clock = logClock(options.zone)

  const foreign = (text: string, kind?: string) => {
    tally.foreign += 1
    options.unparsed?.(text)
    if (kind) options.report({ line: tally.lines, kind, text })
    return undefined
  }

  const parse = (text: string): T | undefined => {
    tally.lines += 1
    if (text.length > MAX_LINE) return foreign(text, `longer than ${MAX_LINE} characters`)
    const line = options.field === undefined ? text : messageOf(text, options.field)
    if (line === null) return foreign(text, `not JSON with "${options.field}"`)
    const reading = readLine(line.endsWith('\r') ? line.slice(0, -1) : line, format.layout)
    if (!reading) return foreign(text)
    tally.requests += 1
    const record = toRequest(reading, format, attribution, clock)
    if (options.since !== undefined && record.time !== null && parseInstant(record.time) < options.since) {
      tally.skipped += 1
      return undefined
    }
    if (!options.wanted(record.status as number)) return undefined
    tally.wanted += 1
    if (record.ip === null) tally.unattributed += 1
    else if (record.via === undefined) countClient(tally.ours, record.ip)
    if (tally.wanted === ADVISE_AT) for (const advice of advise(tally)) options.say(advice)
    return make({ line: tally.lines, reading, record })
  }

  const bytes = format === DEFAULT_FORMAT ? [wholeLines(), unglue()] : [wholeLines()]
  return { stages: [...bytes, split2('\n', parse)], tally }
}
