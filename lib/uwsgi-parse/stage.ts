import type { Duplex } from 'node:stream'
import { transform } from 'through2'
import { type Block, lineEnd, numberAt, toBlock } from '../bytes.js'
import type { Report } from '../fault.js'
import { writeLine } from '../jsonl.js'
import { MAX_LINE, wholeLines } from '../lines.js'
import { parseInstant, type RequestRecord } from '../record.js'
import { advise, countClient } from './advice.js'
import { messageOf } from './encoder.js'
import { DEFAULT_FORMAT, type Format } from './format.js'
import { unglue } from './glue.js'
import { type Reading, readLine } from './line.js'
import { createOutput } from './output.js'
import { compileQuick } from './quick.js'
import { type Attribution, toRequest } from './request.js'
import { findStatus } from './sieve.js'
import { doublesHour, logClock, type Zone } from './time.js'
import { watchTears } from './torn.js'

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
  /** what is written of a line instead of its record */
  explain?: ((understood: Understood) => string) | undefined
  /** whether every line goes through the full grammar, for a comparison */
  thorough?: boolean
}

/** What was in the log. */
export interface Tally {
  lines: number
  requests: number
  /** wanted requests before `since` */
  skipped: number
  /** requests with a wanted status: the records that were written */
  wanted: number
  /** lines of other things: banners, tracebacks, what the app prints */
  foreign: number
  /** wanted requests whose client cannot be known */
  unattributed: number
  /** wanted requests whose only hop is a private address, by address; the first few of them */
  ours: Map<string, number>
}

/** One line of the log understood: the record, and the reading that led to it. */
export interface Understood {
  line: number
  reading: Reading
  record: RequestRecord
  /** why the line is not believed, where its readings are not the reason */
  doubt: string | undefined
}

const TORN = 'behind a line that was torn: it may be the rest of that'
const CUT = "as long as uWSGI's buffer: it may have been cut"

/**
 * Whether a line may be more or less than one record: what filled uWSGI's buffer has lost its end, so that a client
 * chose what stands there instead, or what the next record is glued to.
 */
function mayBeCut(line: string, { bufsize }: Format): boolean {
  return line.length * 3 >= bufsize && Buffer.byteLength(line) >= bufsize
}

/** Where a log is read live, its end never comes: advice is due after this many wanted requests too. */
const ADVISE_AT = 1000

/**
 * Log bytes in, request records out, as bytes: whole blocks of lines at a time, so that a record leaves as soon as
 * its line has come, and a replay pays neither a write nor an object for each.
 */
export function uwsgiParse(options: Options): { stages: Duplex[]; tally: Tally } {
  const { format, attribution, zone } = options
  const tally: Tally = {
    lines: 0,
    requests: 0,
    skipped: 0,
    wanted: 0,
    foreign: 0,
    unattributed: 0,
    ours: new Map(),
  }
  const clock = logClock(zone)
  const plain = format === DEFAULT_FORMAT && options.field === undefined && options.since === undefined
  const quick =
    plain && !options.explain && !options.thorough ? compileQuick(attribution.client, clock) : undefined
  const isWanted = Uint8Array.from({ length: 1000 }, (_, status) => (options.wanted(status) ? 1 : 0))
  const output = createOutput()

  // neither JSON nor the mark at the head of uWSGI's own layout lets itself be torn
  const mayBeRest =
    format === DEFAULT_FORMAT || options.field !== undefined
      ? undefined
      : watchTears(format.layout, attribution.client)

  const foreign = (text: string, kind?: string) => {
    tally.foreign += 1
    options.unparsed?.(text)
    if (kind) options.report({ line: tally.lines, kind, text })
    return ''
  }

  const count = (ip: string | null, lonePrivate: boolean) => {
    tally.wanted += 1
    if (ip === null) tally.unattributed += 1
    else if (lonePrivate) countClient(tally.ours, ip)
    if (tally.wanted === ADVISE_AT) for (const advice of advise(tally)) options.say(advice)
  }

  const parseThoroughly = (text: string): string => {
    if (text.length > MAX_LINE) return foreign(text, `longer than ${MAX_LINE} characters`)
    const message = options.field === undefined ? text : messageOf(text, options.field)
    if (message === null) return foreign(text, `not JSON with "${options.field}"`)
    const line = message.endsWith('\r') ? message.slice(0, -1) : message
    const reading = readLine(line, format.layout)
    const torn = mayBeRest?.(line, reading !== null)
    if (!reading) return foreign(text)
    const doubt = torn ? TORN : mayBeCut(line, format) ? CUT : undefined
    tally.requests += 1
    const record = toRequest(reading, format, attribution, clock, doubt !== undefined)
    if (!options.wanted(record.status as number)) return ''
    if (options.since !== undefined && record.time !== null && parseInstant(record.time) < options.since) {
      tally.skipped += 1
      return ''
    }
    const { ip, via } = record
    count(ip, ip !== null && via === undefined && attribution.client(ip).inside)
    return options.explain
      ? options.explain({ line: tally.lines, reading, record, doubt })
      : writeLine(record)
  }

  /**
   * Reads the line between two places, its newline not included.
   * @param at where its status stands, if that is known
   * @param wanted whether that status is asked for
   */
  const parseLine = (block: Block, start: number, end: number, at: number, wanted: boolean) => {
    if (quick && at >= 0) {
      const sender = quick(block, start, at, wanted ? output : undefined)
      if (sender) {
        tally.requests += 1
        if (wanted) count(sender.ip, sender.lonePrivate)
        return
      }
    }
    output.text(parseThoroughly(block.bytes.toString('utf8', start, end)))
  }

  const parseBlock = (bytes: Buffer): Buffer | undefined => {
    const block = toBlock(bytes)
    // in the hour that comes twice, a line is dated by those before it: none may be missing
    const sieving = quick !== undefined && options.unparsed === undefined && !doublesHour(zone, bytes)
    for (let start = 0; start < bytes.length; ) {
      const end = lineEnd(bytes, start)
      const at = quick ? findStatus(block, start, end) : -1
      tally.lines += 1
      const wanted = at < 0 || isWanted[numberAt(bytes, at, at + 3)] === 1
      // most lines of most logs end here
      if (sieving && !wanted) tally.requests += 1
      else parseLine(block, start, end, at, wanted)
      start = end + 1
    }
    return output.take()
  }

  const parser = transform((block: Buffer, _encoding, done) => done(null, parseBlock(block)))
  return { stages: [wholeLines(), ...(plain ? [unglue()] : []), parser], tally }
}
