import type { Duplex, Transform } from 'node:stream'
import { transform } from 'through2'
import { type OwnedBuffer, release } from '../fast/buffer-pool.js'
import type { OnBadLine } from '../wire/bad-line.js'
import { formatInstant, parseInstant } from '../wire/instant.js'
import { decodeLine, encodeLine } from '../wire/jsonl.js'
import { linesOf, wholeLines } from '../wire/lines.js'
import type { BanRecord, RequestRecord, TallyRecord } from '../wire/record.js'
import type { Explainer } from './explain.js'
import { compileFastPath } from './fast-path.js'
import { createOutages } from './outage.js'
import { type Ban, createWindow, type Limits, type Window } from './window.js'

export interface Options extends Limits {
  /** which statuses are failures; a request without one always is */
  failing: (status: number) => boolean
  /** addresses that are never counted; asked each time, since it may change while running */
  ignored: (ip: string) => boolean
  /** the key under which an address is counted and banned */
  keyOf: (ip: string) => string
  /** which share of requests and clients with errors makes an outage, whose errors do not count; 0: none does */
  outage?: number
  /** whether tallies are written, each behind the bans of its stretch */
  tallies?: boolean
  onBadLine: OnBadLine
  warn: (message: string) => void
  /** explains each ban to people, instead of writing its record */
  explainer?: Explainer | undefined
  /** whether every line goes through the full parser, for a comparison */
  thorough?: boolean
}

export interface Tally {
  requests: number
  failures: number
  /** failures without a client: nobody is banned for them */
  unattributed: number
  /** failures of ignored addresses */
  ignored: number
  /** errors that did not count, since the app was ill */
  spared: number
  bans: number
}

/** A failure that counts. */
export interface Failure {
  key: string
  /** milliseconds since 1970 */
  time: number
  request: RequestRecord
}

/**
 * Request bytes in, ban bytes out: whole blocks of lines at a time, so that a ban leaves as soon as the line that
 * made it has come.
 */
export function xffWindow(options: Options): { stages: Duplex[]; tally: Tally; window: Window } {
  const tally: Tally = { requests: 0, failures: 0, unattributed: 0, ignored: 0, spared: 0, bans: 0 }
  const window = createWindow(options)
  const { countFailure, endStretch, end } = createCounter(options, tally, window)
  const readLine = createFullReader(options, tally, countFailure, endStretch)
  const isPlain = !options.explainer && !options.thorough
  const readBlock =
    (isPlain ? createFastReader(options, tally, countFailure, readLine) : null) ?? createBlockReader(readLine)
  const stage = transform(
    (block: OwnedBuffer, _encoding, done) => {
      const bans = readBlock(block)
      release(block)
      done(null, bans === '' ? undefined : Buffer.from(bans))
    },
    function (this: Transform, done: () => void) {
      const bans = end()
      if (bans !== '') this.push(Buffer.from(bans))
      done()
    },
  )
  return { stages: [wholeLines({ markInvalid: true }), stage], tally, window }
}

/** Counts a failure. @returns what is to be written for it: the ban that it made, or nothing */
type CountFailure = (
  client: { ip: string; key: string },
  time: number,
  status: number | undefined,
  request: () => RequestRecord,
) => string

/** What counts failures; each returns what is to be written. */
interface Counter {
  countFailure: CountFailure
  /** a tally has come */
  endStretch: (tally: TallyRecord) => string
  /** the input has ended */
  end: () => string
}

function createCounter(options: Options, tally: Tally, window: Window): Counter {
  const { ignored, explainer, outage = 0, tallies = false } = options
  const warnOfLate = lateWarning(options)
  const outages = createOutages(outage)

  const count = (key: string, time: number, request: () => RequestRecord): string => {
    const verdict = window.observe(key, time)
    warnOfLate(window.late())
    if (verdict === 'counted' && !explainer) return ''
    const failure = { key, time, request: request() }
    explainer?.remember(failure)
    if (verdict === 'counted') return ''
    tally.bans += 1
    outages.banned(key)
    return explainer ? explainer.explain(failure, verdict) : encodeLine(banRecord(failure, verdict))
  }
  const countAll = (errors: readonly Failure[]) => {
    tally.spared = outages.spared()
    return errors.map(({ key, time, request }) => count(key, time, () => request)).join('')
  }

  return {
    countFailure({ ip, key }, time, status, request) {
      if (ignored(ip)) {
        tally.ignored += 1
        return ''
      }
      if (!outages.mustWait(status)) return count(key, time, request)
      outages.wait({ key, time, request: request() })
      return ''
    },
    endStretch: record => countAll(outages.end(record)) + (tallies ? encodeLine(record) : ''),
    end: () => countAll(outages.rest()),
  }
}

/** How many late failures are told of first; then ten times as many, and so on. */
const FIRST_LATE_WARNING = 10

/** Tells of failures out of order while the log is read: live, its end never comes. */
function lateWarning({ late, warn }: Options): (count: number) => void {
  let next = FIRST_LATE_WARNING
  return count => {
    if (count < next) return
    next *= 10
    warn(
      `${count} failures came more than ${late / 1000} s behind the one before: slow requests in a log-format without ` +
        'a duration, several logs in one, or clocks that differ. They are counted by their own time; a ban by a slow ' +
        'clock ends early',
    )
  }
}

/** Reads a line of any shape. @returns what is to be written for it */
type ReadLine = (text: string, line: number) => string

function createFullReader(
  { failing, keyOf, onBadLine }: Options,
  tally: Tally,
  countFailure: CountFailure,
  endStretch: Counter['endStretch'],
): ReadLine {
  return (text, line) => {
    const request = decodeLine(text, line, ['request', 'tally'], onBadLine)
    if (!request) return ''
    if (request.type === 'tally') return endStretch(request)
    tally.requests += 1
    const { ip, status, time } = request
    if (status !== undefined && !failing(status)) return ''
    tally.failures += 1
    if (ip === null || time === null) {
      tally.unattributed += 1
      return ''
    }
    return countFailure({ ip, key: keyOf(ip) }, parseInstant(time), status, () => request)
  }
}

/** Reads a block of whole lines. @returns what is to be written for it */
type ReadBlock = (block: Buffer) => string

function createBlockReader(readLine: ReadLine): ReadBlock {
  let line = 0
  return block => {
    let written = ''
    for (const text of linesOf(block)) {
      line += 1
      written += readLine(text, line)
    }
    return written
  }
}

/** @returns null where the machine cannot run it */
function createFastReader(
  { failing, keyOf, warn }: Options,
  tally: Tally,
  countFailure: CountFailure,
  readLine: ReadLine,
): ReadBlock | null {
  let linesBefore = 0
  let written = ''
  const fastPath = compileFastPath({
    failing,
    keyOf,
    warn,
    parseFully(text, line) {
      written += readLine(text, linesBefore + line)
    },
    countFailure(ip, key, time, line) {
      written += countFailure({ ip, key }, time, line.status(), line.request)
    },
  })
  if (!fastPath) return null
  return block => {
    written = ''
    const { lines, requests, failures, unattributed } = fastPath(block)
    linesBefore += lines
    tally.requests += requests
    tally.failures += failures
    tally.unattributed += unattributed
    return written
  }
}

function banRecord({ key, time, request }: Failure, { failures, since }: Ban): BanRecord {
  const { status, method, uri } = request
  return {
    type: 'ban',
    time: formatInstant(time),
    ip: key,
    failures,
    since: formatInstant(since),
    last: {
      ...(status === undefined ? {} : { status }),
      ...(method === undefined ? {} : { method }),
      ...(uri === undefined ? {} : { uri }),
    },
  }
}
