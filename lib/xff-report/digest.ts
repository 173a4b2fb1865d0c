import { canonical } from '../net/address.js'
import { parseInstant } from '../wire/instant.js'
import type { Answer, RequestRecord, StreamRecord } from '../wire/record.js'
import { createBans, type LastBan } from './bans.js'
import { createCounter, type Frequent } from './frequent.js'
import { type Bucket, createTimeline } from './timeline.js'
import { brief, briefly, pathOf } from './truncate.js'
import { createWhatIf, type Outcome } from './what-if.js'

export interface Limits {
  max: number
  /** this and what follows in milliseconds */
  find: number
  late: number
  /** how long a ban lasts, where its record does not say */
  time: number
}

export interface Options extends Limits {
  /** which statuses are failures; a request without one always is */
  failing: (status: number) => boolean
  /** how many rows a table has at the most */
  top: number
}

/** What is kept about an address that failed. */
export interface Culprit {
  /** failures that were the server's: 5xx */
  serverErrors: number
  first: number
  /** the newest failure: when, what, by what program */
  newest: number
  answer: Answer
  agent?: string
}

/** What is kept about a path that failed. */
export interface Target {
  serverErrors: number
  newest: number
}

export interface Totals {
  requests: number
  failures: number
  /** failures without a client */
  unattributed: number
  bans: number
  unbans: number
  /** instants of the records in milliseconds since 1970; undefined where there was none */
  oldest: number | undefined
  newest: number | undefined
}

/** All that a page tells. */
export interface Digest {
  options: Options
  totals: Totals
  timeline: { width: number; buckets: Bucket[] }
  addresses: { top: (Frequent<Culprit> & { bans: number })[]; distinct: number; complete: boolean }
  paths: { top: Frequent<Target>[]; distinct: number; complete: boolean }
  /** the last ban of each address, the newest `top` of them in their order */
  banned: { top: LastBan[]; all: number }
  inForce: { top: LastBan[]; all: number; complete: boolean }
  outcomes: Outcome[][]
}

/** Limits to try beside those in use, `find` in milliseconds. */
const MAXES = [3, 5, 10, 20, 50]
const FINDS = [60_000, 300_000, 900_000, 3_600_000]

/** Takes the records of any stage in any order of their types, in bounded memory. */
export function createDigest(options: Options): {
  take: (record: StreamRecord) => void
  totals: Totals
  digest: () => Digest
} {
  const totals: Totals = {
    requests: 0,
    failures: 0,
    unattributed: 0,
    bans: 0,
    unbans: 0,
    oldest: undefined,
    newest: undefined,
  }
  const timeline = createTimeline()
  const addresses = createCounter<Culprit>(() => ({
    serverErrors: 0,
    first: Number.POSITIVE_INFINITY,
    newest: Number.NEGATIVE_INFINITY,
    answer: {},
  }))
  const paths = createCounter<Target>(() => ({ serverErrors: 0, newest: Number.NEGATIVE_INFINITY }))
  const bans = createBans(options.time)
  const whatIf = createWhatIf({
    maxes: inOrder([...MAXES, options.max]),
    finds: inOrder([...FINDS, options.find]),
    late: options.late,
    time: options.time,
  })

  const takeRequest = (request: RequestRecord) => {
    totals.requests += 1
    const { status, uri, ip, time } = request
    if (status !== undefined && !options.failing(status)) return
    totals.failures += 1
    const at = time === null ? undefined : parseInstant(time)
    const serverError = status !== undefined && status >= 500 ? 1 : 0
    if (at !== undefined) timeline.add(at, 'failures')
    if (uri !== undefined) {
      const target = paths.count(pathOf(uri))
      target.serverErrors += serverError
      target.newest = Math.max(target.newest, at ?? target.newest)
    }
    if (ip === null || at === undefined) {
      totals.unattributed += 1
      return
    }
    const key = canonical(ip) as string
    const culprit = addresses.count(key)
    culprit.serverErrors += serverError
    culprit.first = Math.min(culprit.first, at)
    if (at >= culprit.newest) {
      culprit.newest = at
      culprit.answer = briefly(request)
      if (request.agent !== undefined) culprit.agent = brief(request.agent)
    }
    whatIf.failure(key, at)
  }

  const take = (record: StreamRecord) => {
    if (typeof record.time === 'string') {
      const at = parseInstant(record.time)
      totals.oldest = Math.min(totals.oldest ?? at, at)
      totals.newest = Math.max(totals.newest ?? at, at)
    }
    if (record.type === 'request') return takeRequest(record)
    if (record.type === 'hit') return bans.hit(record)
    if (record.type === 'unban') {
      totals.unbans += 1
      return bans.unban(record)
    }
    if (!bans.ban(record)) return
    totals.bans += 1
    timeline.add(parseInstant(record.time as string), 'bans')
  }

  const digest = (): Digest => {
    const inForce = bans.inForce(totals.newest ?? 0)
    const banned = bans.all()
    return {
      options,
      totals,
      timeline: timeline.buckets(),
      addresses: {
        top: addresses.top(options.top).map(address => ({ ...address, bans: bans.countOf(address.key) })),
        distinct: addresses.size(),
        complete: addresses.complete(),
      },
      paths: { top: paths.top(options.top), distinct: paths.size(), complete: paths.complete() },
      banned: { top: banned.slice(-options.top), all: banned.length },
      inForce: { top: inForce.slice(0, options.top), all: inForce.length, complete: !bans.forgetful() },
      outcomes: whatIf.outcomes(),
    }
  }
  return { take, totals, digest }
}

function inOrder(numbers: readonly number[]): number[] {
  return [...new Set(numbers)].sort((a, b) => a - b)
}
