import type { Duplex, Transform } from 'node:stream'
import { transform } from 'through2'
import { type OwnedBuffer, release } from '../fast/buffer-pool.js'
import type { OnBadLine } from '../wire/bad-line.js'
import { parseInstant } from '../wire/instant.js'
import { encodeLine } from '../wire/jsonl.js'
import { linesOf, MAX_LINE_LENGTH, wholeLines } from '../wire/lines.js'
import type { RequestRecord } from '../wire/record.js'
import { advise, countClient } from './advice.js'
import { rememberClients } from './client.js'
import { compileQuick, type Quick } from './fast-path.js'
import { DEFAULT_FORMAT, type Format } from './layout/log-format.js'
import { type Reading, readLine } from './layout/uwsgi.js'
import { encodedLine } from './repair/json-encoder.js'
import { unglue } from './repair/split-joined-lines.js'
import { watchTears } from './repair/torn-records.js'
import { type Attribution, toRequest } from './request.js'
import { logClock, watchDoubledHour, type Zone } from './time/log-clock.js'

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
  warn: (advice: string) => void
  onBadLine: OnBadLine
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

/** How many bytes of records are gathered before they are written. */
const BLOCK = 65_536

/**
 * Log bytes in, request records out, as bytes: whole blocks of lines at a time, so that a record leaves as soon as
 * its line has come, and a replay pays neither a write nor an object for each.
 */
export function uwsgiParse(options: Options): { stages: Duplex[]; tally: Tally } {
  const { format, zone } = options
  const attribution = { ...options.attribution, client: rememberClients(options.attribution.client) }
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
  const mayDoubleHour = watchDoubledHour(zone)
  const plain = format === DEFAULT_FORMAT && options.field === undefined && options.since === undefined
  // neither JSON nor the mark at the head of uWSGI's own layout lets itself be torn
  const mayBeRest =
    format === DEFAULT_FORMAT || options.field !== undefined
      ? undefined
      : watchTears(format.layout, attribution.client)

  const foreign = (text: string, kind?: string) => {
    tally.foreign += 1
    options.unparsed?.(text)
    if (kind) options.onBadLine({ line: tally.lines, kind, text })
    return ''
  }

  const countRecord = (unknown: boolean) => {
    tally.wanted += 1
    if (unknown) tally.unattributed += 1
    if (tally.wanted === ADVISE_AT) for (const advice of advise(tally)) options.warn(advice)
  }

  const parseThoroughly = (text: string): string => {
    if (text.length > MAX_LINE_LENGTH) return foreign(text, `longer than ${MAX_LINE_LENGTH} characters`)
    const message = options.field === undefined ? text : encodedLine(text, options.field)
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
    if (ip !== null && via === undefined && attribution.client(ip).inside) countClient(tally.ours, ip)
    countRecord(ip === null)
    return options.explain
      ? options.explain({ line: tally.lines, reading, record, doubt })
      : encodeLine(record)
  }

  const parseBlockThoroughly = (block: Buffer): Buffer => {
    let written = ''
    for (const line of linesOf(block)) {
      tally.lines += 1
      written += parseThoroughly(line)
    }
    return Buffer.from(written)
  }

  let linesBefore = 0
  const quick =
    plain && !options.explain && !options.thorough
      ? compileQuick({
          warn: options.warn,
          client: options.attribution.client,
          clock,
          wanted: options.wanted,
          readThoroughly(text, line) {
            tally.lines = linesBefore + line
            return parseThoroughly(text)
          },
          countRecord(unknown) {
            countRecord(unknown)
            return tally.wanted < ADVISE_AT
          },
          countPrivate: slot => countClient(tally.ours, attribution.client(slot).ip as string),
        })
      : null

  const parseQuickly = (block: Buffer, quick: Quick) => {
    linesBefore = tally.lines
    // in the hour that comes twice, a line is dated by those before it: none may be missing
    const sieving = options.unparsed === undefined && !mayDoubleHour(block)
    const { lines, requests, wanted, unattributed } = quick.read(block, sieving)
    tally.lines = linesBefore + lines
    tally.requests += requests
    tally.wanted += wanted
    tally.unattributed += unattributed
  }

  let pause: NodeJS.Immediate | undefined
  /** Lets go of the records gathered; they wait for more only while the input does not. */
  const flush = (stream: Transform) => {
    clearImmediate(pause)
    pause = undefined
    const records = quick?.take()
    if (records) stream.push(records)
  }

  const parser = transform(
    function (this: Transform, block: OwnedBuffer, _encoding, done) {
      if (!quick) {
        this.push(parseBlockThoroughly(block))
      } else {
        parseQuickly(block, quick)
        // a push from here makes the input wait while the last one has not been taken
        if (quick.size() >= BLOCK || this.readableLength > 0) flush(this)
        else if (quick.size() > 0) pause ??= setImmediate(flush, this)
      }
      release(block)
      done()
    },
    function (this: Transform, done: () => void) {
      flush(this)
      done()
    },
  )
  return { stages: [wholeLines(), ...(plain ? [unglue()] : []), parser], tally }
}
