import type { Duplex, Transform } from 'node:stream'
import { transform } from 'through2'
import { type OwnedBuffer, release } from '../fast/buffer-pool.js'
import type { OnBadLine } from '../wire/bad-line.js'
import { parseInstant } from '../wire/instant.js'
import { decodeLine } from '../wire/jsonl.js'
import { linesOf, wholeLines } from '../wire/lines.js'
import type { RequestRecord } from '../wire/record.js'
import { banLine } from './ban-record.js'
import { candidateOf } from './candidate.js'
import { type Counter, type CountFailure, createCounter, isFailure, openJudge } from './counter.js'
import type { Crowds } from './crowd.js'
import type { Explainer } from './explain.js'
import { compileFastPath } from './fast-path.js'
import { openFastReader } from './fast-reader.js'
import { compileKey } from './key.js'
import { lateWarning } from './late-warning.js'
import { createLineCandidate } from './line-candidate.js'
import type { Rules } from './rules/rules.js'
import type { Limits, Window } from './window.js'

export interface Options extends Limits {
  /** which statuses are failures; a request without one always is */
  failing: (status: number) => boolean
  /** what requests count for; may change while running. Without it, each failure counts for the limits above */
  rules?: { readonly current: Rules } | undefined
  /** addresses that are never counted; asked each time, since it may change while running; undefined: there are none */
  ignored?: ((ip: string) => boolean) | undefined
  /** by how many bits an IPv6 client is counted and banned */
  ipv6Prefix: number
  /** the same for IPv4; 32 where it is not given */
  ipv4Prefix?: number
  /** which prefixes are banned when many of their addresses fail; only where there are rules */
  crowds?: Crowds | undefined
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
  /** failures that no rule counts */
  passed: number
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
  const tally = { requests: 0, failures: 0, unattributed: 0, ignored: 0, spared: 0, passed: 0, bans: 0 }
  // what is explained, compared with, or counted by rules or IPv4 prefixes is counted by window.ts; all else is in the module
  const isByAddress = (options.ipv4Prefix ?? 32) === 32
  const isInModule =
    !options.explainer && !options.thorough && !options.rules && isByAddress && options.hosts === undefined
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
  const window = openJudge(options)
  const { countFailure, endStretch, end } = createCounter(options, tally, window)
  const readLine = createFullReader(options, tally, countFailure, endStretch)
  const readBlock =
    (!options.thorough &&
      (options.explainer || options.rules) &&
      createFastReader(options, tally, countFailure, readLine)) ||
    createBlockReader(readLine)
  return { read: block => Buffer.from(readBlock(block)), end: () => Buffer.from(end()), window }
}

/** Reads a line of any shape. @returns what is to be written for it */
type ReadLine = (text: string, line: number) => string

function createFullReader(
  options: Options,
  tally: Tally,
  countFailure: CountFailure,
  endStretch: Counter['endStretch'],
): ReadLine {
  const { failing, rules, ipv6Prefix, ipv4Prefix, onBadLine } = options
  const keyOf = compileKey(ipv6Prefix, ipv4Prefix)
  return (text, line) => {
    const request = decodeLine(text, line, ['request', 'tally'], onBadLine)
    if (!request) return ''
    if (request.type === 'tally') return endStretch(request)
    tally.requests += 1
    const { ip, status, time } = request
    if (status !== undefined && !failing(status) && !rules) return ''
    if (ip === null || time === null) {
      if (!isFailure(options, status)) return ''
      tally.failures += 1
      tally.unattributed += 1
      return ''
    }
    tally.failures += 1
    return countFailure(keyOf(ip), parseInstant(time), candidateOf(request))
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
  options: Options,
  tally: Tally,
  countFailure: CountFailure,
  readLine: ReadLine,
): ReadBlock | null {
  const { failing, rules, ipv6Prefix, ipv4Prefix, warn } = options
  const candidateOfLine = createLineCandidate()
  let linesBefore = 0
  let written = ''
  const fastPath = compileFastPath({
    // which statuses rules count may change
    failing: status => rules !== undefined || failing(status),
    keyOf: compileKey(ipv6Prefix, ipv4Prefix),
    warn,
    parseFully(text, line) {
      written += readLine(text, linesBefore + line)
    },
    countFailure(ip, key, time, line) {
      written += countFailure(key, time, candidateOfLine(line, ip))
    },
    countUnattributed(_time, line) {
      if (isFailure(options, line.status())) return
      tally.failures -= 1
      tally.unattributed -= 1
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
