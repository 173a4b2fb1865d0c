import type { Duplex } from 'node:stream'
import { transform } from 'through2'
import { type Block, lineEnd, toBlock } from '../bytes.js'
import type { Report } from '../fault.js'
import { readOrReport, writeLine } from '../jsonl.js'
import { wholeLines } from '../lines.js'
import { type BanRecord, formatInstant, parseInstant, type RequestRecord } from '../record.js'
import type { Explainer } from './explain.js'
import { type Counted, compileQuick } from './quick.js'
import { createWindow, type Limits, type Verdict, type Window } from './window.js'

export interface Options extends Limits {
  /** which statuses are failures; a request without one always is */
  failing: (status: number) => boolean
  /** addresses that are never counted; asked anew each time, since it may change while running */
  ignored: (ip: string) => boolean
  /** the key under which an address is counted and banned */
  keyOf: (ip: string) => string
  report: Report
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
  const quick = explainer || options.thorough ? undefined : compileQuick()
  let line = 0

  /** Counts a request; undefined where it is no failure that counts. */
  const observe = ({ ip, time, status }: Counted): Exclude<Verdict, 'late'> | undefined => {
    tally.requests += 1
    if (status !== undefined && !options.failing(status)) return undefined
    tally.failures += 1
    if (ip === null || time === null) {
      tally.unattributed += 1
      return undefined
    }
    if (options.ignored(ip)) {
      tally.ignored += 1
      return undefined
    }
    const verdict = window.observe(options.keyOf(ip), time)
    if (verdict !== 'late') return verdict
    tally.late += 1
    return undefined
  }

  /** What is written of a failure that has been counted. */
  const tell = (verdict: Exclude<Verdict, 'late'>, { ip, time }: Counted, request: RequestRecord): string => {
    const failure = { key: options.keyOf(ip as string), time: time as number, request }
    explainer?.remember(failure)
    if (verdict === 'counted') return ''
    tally.bans += 1
    const ban = toBan(failure, verdict)
    return explainer ? explainer.explain(ban, failure) : writeLine(ban)
  }

  /** Reads the line between two places, its newline not included. */
  const decide = (block: Block, start: number, end: number): string => {
    line += 1
    const known = quick?.(block, start, end)
    if (known) {
      const verdict = observe(known)
      if (verdict === undefined || verdict === 'counted') return ''
      return tell(verdict, known, JSON.parse(block.bytes.toString('utf8', start, end)) as RequestRecord)
    }
    const text = block.bytes.toString('utf8', start, end)
    const request = readOrReport(text, line, ['request'], options.report) as RequestRecord | undefined
    if (!request) return ''
    const { ip, time, status } = request
    const counted = { ip, status, time: time === null ? null : parseInstant(time) }
    const verdict = observe(counted)
    return verdict === undefined ? '' : tell(verdict, counted, request)
  }

  const stage = transform((bytes: Buffer, _encoding, done) => {
    const block = toBlock(bytes)
    let written = ''
    for (let start = 0; start < bytes.length; ) {
      const end = lineEnd(bytes, start)
      written += decide(block, start, end)
      start = end + 1
    }
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
