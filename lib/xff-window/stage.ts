import type { Transform } from 'node:stream'
import { transform } from 'through2'
import { type BanRecord, formatInstant, parseInstant, type RequestRecord } from '../record.js'
import { createWindow, type Limits, type Window } from './window.js'

export interface Options extends Limits {
  /** which statuses are failures; a request without one always is */
  failing: (status: number) => boolean
  /** addresses that are never counted; asked anew each time, since it may change while running */
  ignored: (ip: string) => boolean
  /** the key under which an address is counted and banned */
  keyOf: (ip: string) => string
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

/** Requests in, bans out, or what `make` makes of them. */
export function xffWindow<T = BanRecord>(
  options: Options,
  make: (ban: BanRecord, failure: Failure) => T,
  counted: (failure: Failure) => void = () => {},
): { stage: Transform; tally: Tally; window: Window } {
  const tally: Tally = { requests: 0, failures: 0, unattributed: 0, ignored: 0, late: 0, bans: 0 }
  const window = createWindow(options)

  const decide = (request: RequestRecord): T | undefined => {
    tally.requests += 1
    const { ip, time, status } = request
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
    const failure = { key: options.keyOf(ip), time: parseInstant(time), request }
    const verdict = window.observe(failure.key, failure.time)
    if (verdict === 'late') {
      tally.late += 1
      return undefined
    }
    counted(failure)
    if (verdict === 'counted') return undefined
    tally.bans += 1
    return make(toBan(failure, verdict), failure)
  }

  const stage = transform({ objectMode: true }, (request: RequestRecord, _encoding, done) => {
    done(null, decide(request))
  })
  return { stage, tally, window }
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
