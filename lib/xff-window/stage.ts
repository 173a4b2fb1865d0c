import type { Transform } from 'node:stream'
import { transform } from 'through2'
import { canonical } from '../net/address.js'
import { type BanRecord, formatInstant, parseInstant, type RequestRecord } from '../record.js'
import { createWindow, type Limits } from './window.js'

export interface Options extends Limits {
  /** which statuses are failures; a request without one always is */
  failing: (status: number) => boolean
}

export interface Tally {
  requests: number
  failures: number
  /** failures without a client: nobody is banned for them */
  unattributed: number
  /** failures that came more than `late` behind the newest line */
  late: number
  bans: number
}

/** Requests in, bans out. */
export function xffWindow(options: Options): { stage: Transform; tally: Tally } {
  const tally: Tally = { requests: 0, failures: 0, unattributed: 0, late: 0, bans: 0 }
  const observe = createWindow(options)

  const decide = (request: RequestRecord): BanRecord | undefined => {
    tally.requests += 1
    const { ip, time, status, method, uri } = request
    if (status !== undefined && !options.failing(status)) return undefined
    tally.failures += 1
    if (ip === null || time === null) {
      tally.unattributed += 1
      return undefined
    }
    const instant = parseInstant(time)
    const key = canonical(ip) as string
    const verdict = observe(key, instant)
    if (verdict === 'late') tally.late += 1
    if (typeof verdict === 'string') return undefined
    tally.bans += 1
    return {
      type: 'ban',
      time: formatInstant(instant),
      ip: key,
      failures: verdict.failures,
      since: formatInstant(verdict.since),
      last: {
        ...(status === undefined ? {} : { status }),
        ...(method === undefined ? {} : { method }),
        ...(uri === undefined ? {} : { uri }),
      },
    }
  }

  const stage = transform({ objectMode: true }, (request: RequestRecord, _encoding, done) => {
    done(null, decide(request))
  })
  return { stage, tally }
}
