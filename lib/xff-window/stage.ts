import type { Duplex } from 'node:stream'
import { transform } from 'through2'
import type { Report } from '../fault.js'
import { compileReader, writeLine } from '../jsonl.js'
import { eachLine, wholeLines } from '../lines.js'
import { type BanRecord, formatInstant, parseInstant, type RequestRecord } from '../record.js'
import type { Explainer } from './explain.js'
import { compileQuick, type Quick } from './quick.js'
import { createWindow, type Limits, type Window } from './window.js'

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
  const read = compileReader(
    ['request'],
    options.report,
    explainer || options.thorough ? undefined : compileQuick(),
  )

  /** Counts a request; the text of the ban that it tips, or nothing. */
  const decide = ({ ip, time, status }: Counted, whole: () => RequestRecord): string => {
    tally.requests += 1
    if (status !== undefined && !options.failing(status)) return ''
    tally.failures += 1
    if (ip === null || time === null) {
      tally.unattributed += 1
      return ''
    }
    if (options.ignored(ip)) {
      tally.ignored += 1
      return ''
    }
    const key = options.keyOf(ip)
    const verdict = window.observe(key, time)
    if (verdict === 'late') {
      tally.late += 1
      return ''
    }
    explainer?.remember({ key, time, request: whole() })
    if (verdict === 'counted') return ''
    tally.bans += 1
    const failure = { key, time, request: whole() }
    const ban = toBan(failure, verdict)
    return explainer ? explainer.explain(ban, failure) : writeLine(ban)
  }

  const decideLine = (line: string): string => {
    const request = read(line) as Quick | RequestRecord | undefined
    if (!request) return ''
    if ('line' in request) return decide(request, () => JSON.parse(request.line) as RequestRecord)
    const { ip, status } = request
    return decide(
      { ip, status, time: request.time === null ? null : parseInstant(request.time) },
      () => request,
    )
  }

  const stage = transform((block: Buffer, _encoding, done) => {
    const written = eachLine(block.toString(), decideLine)
    done(null, written === '' ? undefined : Buffer.from(written))
  })
  return { stages: [wholeLines({ markInvalid: true }), stage], tally, window }
}

/** What is counted of a request. */
interface Counted {
  ip: string | null
  /** milliseconds since 1970 */
  time: number | null
  status?: number | undefined
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
