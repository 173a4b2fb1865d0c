import type { Duplex } from 'node:stream'
import { transform } from 'through2'
import { type OwnedBuffer, release } from '../fast/buffer-pool.js'
import type { OnBadLine } from '../wire/bad-line.js'
import { formatInstant, parseInstant } from '../wire/instant.js'
import { decodeLine, encodeLine } from '../wire/jsonl.js'
import { linesOf, wholeLines } from '../wire/lines.js'
import type { BanRecord, RequestRecord } from '../wire/record.js'
import type { Explainer } from './explain.js'
import { compileFastPath } from './fast-path.js'
import { type Ban, createWindow, type Limits, type Window } from './window.js'

export interface Options extends Limits {
  /** which statuses are failures; a request without one always is */
  failing: (status: number) => boolean
  /** addresses that are never counted; asked each time, since it may change while running */
  ignored: (ip: string) => boolean
  /** the key under which an address is counted and banned */
  keyOf: (ip: string) => string
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
  const tally: Tally = { requests: 0, failures: 0, unattributed: 0, ignored: 0, bans: 0 }
  const window = createWindow(options)
  const countFailure = createCounter(options, tally, window)
  const readLine = createFullReader(options, tally, countFailure)
  const isPlain = !options.explainer && !options.thorough
  const readBlock =
    (isPlain ? createFastReader(options, tally, countFailure, readLine) : null) ?? createBlockReader(readLine)
  const stage = transform((block: OwnedBuffer, _encoding, done) => {
    const bans = readBlock(block)
    release(block)
    done(null, bans === '' ? undefined : Buffer.from(bans))
  })
  return { stages: [wholeLines({ markInvalid: true }), stage], tally, window }
}

/** Counts a failure. @returns what is to be written for it: the ban that it made, or nothing */
type CountFailure = (ip: string, key: string, time: number, request: () => RequestRecord) => string

function createCounter(options: Options, tally: Tally, window: Window): CountFailure {
  const { ignored, explainer } = options
  const warnOfLate = lateWarning(options)
  return (ip, key, time, request) => {
    if (ignored(ip)) {
      tally.ignored += 1
      return ''
    }
    const verdict = window.observe(key, time)
    warnOfLate(window.late())
    if (verdict === 'counted' && !explainer) return ''
    const failure = { key, time, request: request() }
    explainer?.remember(failure)
    if (verdict === 'counted') return ''
    tally.bans += 1
    return explainer ? explainer.explain(failure, verdict) : encodeLine(banRecord(failure, verdict))
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
): ReadLine {
  return (text, line) => {
    const request = decodeLine(text, line, ['request'], onBadLine)
    if (!request) return ''
    tally.requests += 1
    const { ip, status, time } = request
    if (status !== undefined && !failing(status)) return ''
    tally.failures += 1
    if (ip === null || time === null) {
      tally.unattributed += 1
      return ''
    }
    return countFailure(ip, keyOf(ip), parseInstant(time), () => request)
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
      written += countFailure(ip, key, time, line.request)
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
