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
import { openFastReader } from './fast-reader.js'
import { compileKey } from './key.js'
import { lateWarning } from './late-warning.js'
import { createOutages } from './outage.js'
import { type Ban, createWindow, type Limits, type Window } from './window.js'

export interface Options extends Limits {
  /** which statuses are failures; a request without one always is */
  failing: (status: number) => boolean
  /** addresses that are never counted; asked each time, since it may change while running; undefined: there are none */
  ignored?: ((ip: string) => boolean) | undefined
  /** by how many bits an IPv6 client is counted and banned */
  ipv6Prefix: number
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
export function xffWindow(options: Options): { stages: Duplex[]; tally: Tally; window: Reader['window'] } {
  const tally: Tally = { requests: 0, failures: 0, unattributed: 0, ignored: 0, spared: 0, bans: 0 }
  // what is explained, or compared with, is counted by window.ts; all else is in the module
  const isInModule = !options.explainer && !options.thorough
  const shared = { warnOfLate: lateWarning(options.late, options.warn), banLine }
  const reader = (isInModule && openFastReader(options, tally, shared)) || openReader(options, tally)
  const stage = transform(
    (block: OwnedBuffer, _encoding, done) => {
      const bans = reader.read(block)
      release(block)
      done(null, bans.length === 0 ? undefined : bans)
    },
    function (this: Transform, done: () => void) {
      const bans = reader.end()
      if (bans.length > 0) this.push(bans)
      done()
    },
  )
  return { stages: [wholeLines({ markInvalid: true }), stage], tally, window: reader.window }
}

/** Reads requests, counts them, and brings the tally up to date. */
export interface Reader {
  /** Reads a block of whole lines. @returns what is to be written for it */
  read: (block: Buffer) => Buffer
  /** The input has ended. @returns what is to be written for that */
  end: () => Buffer
  window: Omit<Window, 'observe'>
}

/** Counts by window.ts. */
function openReader(options: Options, tally: Tally): Reader {
  const window = createWindow(options)
  const { countFailure, endStretch, end } = createCounter(options, tally, window)
  const readLine = createFullReader(options, tally, countFailure, endStretch)
  const readBlock =
    (options.explainer && createFastReader(options, tally, countFailure, readLine)) ||
    createBlockReader(readLine)
  return { read: block => Buffer.from(readBlock(block)), end: () => Buffer.from(end()), window }
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
  const warnOfLate = lateWarning(options.late, options.warn)
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
    return explainer ? explainer.explain(failure, verdict) : banLine(failure, verdict)
  }
  const countAll = (errors: readonly Failure[]) => {
    tally.spared = outages.spared()
    return errors.map(({ key, time, request }) => count(key, time, () => request)).join('')
  }

  return {
    countFailure({ ip, key }, time, status, request) {
      if (ignored?.(ip)) {
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

/** Reads a line of any shape. @returns what is to be written for it */
type ReadLine = (text: string, line: number) => string

function createFullReader(
  { failing, ipv6Prefix, onBadLine }: Options,
  tally: Tally,
  countFailure: CountFailure,
  endStretch: Counter['endStretch'],
): ReadLine {
  const keyOf = compileKey(ipv6Prefix)
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
  { failing, ipv6Prefix, warn }: Options,
  tally: Tally,
  countFailure: CountFailure,
  readLine: ReadLine,
): ReadBlock | null {
  let linesBefore = 0
  let written = ''
  const fastPath = compileFastPath({
    failing,
    keyOf: compileKey(ipv6Prefix),
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

/** The record of a ban, as a line. */
function banLine(failure: Failure, ban: Ban): string {
  return encodeLine(banRecord(failure, ban))
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
