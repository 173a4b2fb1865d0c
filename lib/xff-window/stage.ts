import type { Duplex } from 'node:stream'
import { transform } from 'through2'
import { type OwnedBuffer, release } from '../fast/buffer-pool.js'
import type { OnBadLine } from '../wire/bad-line.js'
import { formatInstant, parseInstant } from '../wire/instant.js'
import { decodeLine, encodeLine } from '../wire/jsonl.js'
import { linesOf, wholeLines } from '../wire/lines.js'
import type { BanRecord, RequestRecord } from '../wire/record.js'
import type { Explainer } from './explain.js'
import { compileQuick } from './fast-path.js'
import { createWindow, type Limits, type Verdict, type Window } from './window.js'

export interface Options extends Limits {
  /** which statuses are failures; a request without one always is */
  failing: (status: number) => boolean
  /** addresses that are never counted; asked anew each time, since it may change while running */
  ignored: (ip: string) => boolean
  /** the key under which an address is counted and banned */
  keyOf: (ip: string) => string
  onBadLine: OnBadLine
  /** tells each ban for people, instead of writing its record */
  explainer?: Explainer | undefined
  /** whether every line goes through the full reader, for a comparison */
  thorough?: boolean
}

export interface Tally {
  requests: number
  failures: number
  /** failures without a client: nobody is banned for them */
  unattributed: number
  /** failures of ignored addresses */
  ignored: number
  /** failures that came more than `late` behind the newest line */
  late: number
  bans: number
}

/** A failure that counts, on its way through the window. */
export interface Failure {
  key: string
  time: number
  request: RequestRecord
}

/**
 * Request bytes in, ban bytes out: whole blocks of lines at a time, so that a ban leaves as soon as the line that
 * tipped it has come.
 */
export function xffWindow(options: Options): { stages: Duplex[]; tally: Tally; window: Window } {
  const { explainer } = options
  const tally: Tally = { requests: 0, failures: 0, unattributed: 0, ignored: 0, late: 0, bans: 0 }
  const window = createWindow(options)
  let line = 0
  let written = ''

  /** Counts a failure; undefined where it does not count. */
  const count = (ip: string, key: string, time: number): Exclude<Verdict, 'late'> | undefined => {
    if (options.ignored(ip)) {
      tally.ignored += 1
      return undefined
    }
    const verdict = window.observe(key, time)
    if (verdict !== 'late') return verdict
    tally.late += 1
    return undefined
  }

  const tell = (ban: Exclude<Verdict, string>, failure: Failure) => {
    tally.bans += 1
    const record = toBan(failure, ban)
    written += explainer ? explainer.explain(record, failure) : encodeLine(record)
  }

  const readThoroughly = (text: string) => {
    const request = decodeLine(text, line, ['request'], options.onBadLine) as RequestRecord | undefined
    if (!request) return
    tally.requests += 1
    const { ip, status } = request
    if (status !== undefined && !options.failing(status)) return
    tally.failures += 1
    if (ip === null || request.time === null) {
      tally.unattributed += 1
      return
    }
    const time = parseInstant(request.time)
    const key = options.keyOf(ip)
    const verdict = count(ip, key, time)
    if (verdict === undefined) return
    const failure = { key, time, request }
    explainer?.remember(failure)
    if (verdict !== 'counted') tell(verdict, failure)
  }

  let linesBefore = 0
  const quick =
    explainer || options.thorough
      ? null
      : compileQuick({
          failing: options.failing,
          keyOf: options.keyOf,
          readThoroughly(text, ofBlock) {
            line = linesBefore + ofBlock
            readThoroughly(text)
          },
          countFailure(ip, key, time, text) {
            const verdict = count(ip, key, time)
            if (verdict === undefined || verdict === 'counted') return
            tell(verdict, { key, time, request: JSON.parse(text()) as RequestRecord })
          },
        })

  const readBlock = (block: Buffer) => {
    if (!quick) {
      for (const text of linesOf(block)) {
        line += 1
        readThoroughly(text)
      }
      return
    }
    linesBefore = line
    const { lines, requests, failures, unattributed } = quick(block)
    line = linesBefore + lines
    tally.requests += requests
    tally.failures += failures
    tally.unattributed += unattributed
  }

  const stage = transform((block: OwnedBuffer, _encoding, done) => {
    written = ''
    readBlock(block)
    release(block)
    done(null, written === '' ? undefined : Buffer.from(written))
  })
  return { stages: [wholeLines({ markInvalid: true }), stage], tally, window }
}

function toBan(
  { key, time, request }: Failure,
  { failures, since }: { failures: number; since: number },
): BanRecord {
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
