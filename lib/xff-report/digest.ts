import { BoundedMap } from '../bounded-map.js'
import { canonical } from '../net/address.js'
import { type AddressKey, addressKey, addressText } from '../net/address-key.js'
import type { Networks } from '../net/networks/networks.js'
import { parseInstant } from '../wire/instant.js'
import type { RequestRecord, StreamRecord } from '../wire/record.js'
import { createBanHistory, type LastBan } from './bans.js'
import { type AddressRow, type FailingAddress, type FailingPath, freshAddress } from './failing.js'
import { createCounter, type Frequent } from './frequent.js'
import { createNetworkCounts, type NetworksDigest } from './networks.js'
import type { NewestAnswer } from './newest-answer.js'
import { digestOf } from './summary.js'
import { createTallies } from './tallies.js'
import { type Bucket, createTimeline } from './timeline.js'
import { createTroubles, type Troubles } from './troubles.js'
import { pathOf, truncated } from './truncate.js'
import { createWhatIf, type Outcome } from './what-if.js'

export interface DigestOptions {
  /** the limits of xff-window in use; `find` and `late` in milliseconds */
  max: number
  find: number
  late: number
  /** which share of requests and clients with errors makes an outage, whose errors do not count; 0: none does */
  outage: number
  /** how long a ban lasts whose record has no `until`, in milliseconds */
  time: number
  /** which statuses are failures; a request without a status always is one */
  failing: (status: number) => boolean
  /** rows of a table, at most */
  top: number
  /** the table of networks, if there is one; may change while it runs */
  networks?: { readonly current: Networks } | undefined
  /** the clock, where the report is of now; else the time of the newest record is now */
  now?: () => number
}

export interface Totals {
  /** records of requests */
  requests: number
  /** requests of the log, those without a record included, by its tallies; undefined without any */
  inLog: number | undefined
  failures: number
  /** failures without a client */
  unattributed: number
  bans: number
  unbans: number
  /** instants of the records in milliseconds since 1970; undefined where there was none */
  oldest: number | undefined
  newest: number | undefined
}

/** Everything that a report shows. */
export interface Digest {
  options: DigestOptions
  /** as of when it is told who is banned, in milliseconds since 1970 */
  now: number
  totals: Totals
  timeline: { width: number; buckets: Bucket[] }
  addresses: { top: AddressRow[]; distinct: number; complete: boolean }
  /** undefined where there is no table of them */
  networks: NetworksDigest | undefined
  paths: { top: Frequent<FailingPath>[]; distinct: number; complete: boolean }
  /** the last ban of each address: the newest `top` of them, the oldest first */
  banned: { top: LastBan[]; all: number }
  /** bans that have ended, the latest end first */
  over: { top: LastBan[]; all: number; complete: boolean }
  /** how many bans there were by which rule, the most in front; bans without a rule are in none */
  rules: [string, number][]
  troubles: Troubles
  /** the address that failed most of those without a ban, and why it has none */
  unbanned: { ip: string; failures: number; why: string } | undefined
  inForce: { top: LastBan[]; all: number; complete: boolean }
  outcomes: Outcome[][]
  /** errors of outages, which do not count for these */
  spared: number
}

/** Limits to compare with those in use. */
const MAX_VALUES = [3, 5, 10, 20, 50]
const FIND_VALUES_MS = [60_000, 300_000, 900_000, 3_600_000]

/** How many rules, and allowed addresses, are known; older ones are forgotten. */
const MAX_RULES = 200
const MAX_ALLOWED = 10_000

/** A failed request as it is digested. */
export interface Failure {
  /** the client; null where it is not known */
  key: AddressKey | null
  /** milliseconds since 1970; undefined where it is not known */
  at: number | undefined
  status: number | undefined
  /** of the URI */
  path: string | undefined
  agent?: string | undefined
  /** Keeps what was answered. */
  keepAnswer: (newest: NewestAnswer) => void
}

/** Digests the records of any stage, in bounded memory; their types may come in any order. */
export interface Digester {
  add: (record: StreamRecord) => void
  /** Adds requests whose failures are added one by one. @param oldest the first instant of them; `newest` the last */
  addRequests: (count: number, oldest: number, newest: number) => void
  addFailure: (failure: Failure) => void
  /** The records are over. */
  end: () => void
  totals: Totals
  digest: () => Digest
}

export function createDigest(options: DigestOptions): Digester {
  const counts = createCounts(options)
  return {
    add: record => addRecord(record, counts, options),
    addRequests(count, oldest, newest) {
      counts.totals.requests += count
      if (count > 0) cover(counts.totals, oldest, newest)
    },
    addFailure: failure => addFailure(failure, counts),
    end: counts.whatIf.end,
    totals: counts.totals,
    digest: () => digestOf(counts, options),
  }
}

function cover(totals: Totals, oldest: number, newest: number): void {
  totals.oldest = Math.min(totals.oldest ?? oldest, oldest)
  totals.newest = Math.max(totals.newest ?? newest, newest)
}

export type Counts = ReturnType<typeof createCounts>

function createCounts({ max, find, late, time, outage, networks }: DigestOptions) {
  const totals: Totals = {
    requests: 0,
    inLog: undefined,
    failures: 0,
    unattributed: 0,
    bans: 0,
    unbans: 0,
    oldest: undefined,
    newest: undefined,
  }
  return {
    totals,
    timeline: createTimeline(),
    addresses: createCounter<FailingAddress>(freshAddress, undefined, addressText),
    paths: createCounter<FailingPath>(() => ({ serverErrors: 0, newest: Number.NEGATIVE_INFINITY })),
    networks: networks && createNetworkCounts(networks),
    bans: createBanHistory(time),
    rules: new BoundedMap<string, number>(MAX_RULES),
    allowed: new BoundedMap<string, true>(MAX_ALLOWED),
    troubles: createTroubles(),
    tallies: createTallies(),
    whatIf: createWhatIf({
      maxes: sorted([...MAX_VALUES, max]),
      finds: sorted([...FIND_VALUES_MS, find]),
      ...{ late, time, outage },
    }),
  }
}

function addRecord(record: StreamRecord, counts: Counts, options: DigestOptions): void {
  const { totals, timeline, bans, rules, allowed, troubles, tallies, whatIf } = counts
  // it tells of requests, which are here themselves
  if (record.type === 'tally') {
    if (tallies.isNew(record)) whatIf.tally(record)
    totals.inLog = tallies.requests
    return
  }
  if (typeof record.time === 'string') {
    const at = parseInstant(record.time)
    cover(totals, at, at)
  }
  switch (record.type) {
    case 'request':
      addRequest(record, counts, options)
      break
    case 'hit':
      bans.hit(record)
      break
    case 'unban':
      totals.unbans += 1
      bans.unban(record)
      break
    case 'problem':
      troubles.problem(record)
      break
    case 'held':
      troubles.held(record)
      break
    case 'allow':
      allowed.set(record.ip, true)
      break
    case 'disallow':
      allowed.delete(record.ip)
      break
    case 'ban': {
      troubles.fell(record.ip)
      if (!bans.ban(record)) break
      totals.bans += 1
      const rule = record.rule === undefined ? undefined : truncated(record.rule)
      if (rule !== undefined) rules.set(rule, (rules.get(rule) ?? 0) + 1)
      if (record.time !== undefined) timeline.add(parseInstant(record.time), 'bans')
    }
  }
}

function addRequest(request: RequestRecord, counts: Counts, { failing }: DigestOptions): void {
  counts.totals.requests += 1
  const { status, ip, time, uri, agent } = request
  if (status !== undefined && !failing(status)) return
  const at = time === null ? undefined : parseInstant(time)
  const key = ip === null ? null : addressKey(canonical(ip) ?? ip)
  const path = uri === undefined ? undefined : pathOf(uri)
  addFailure({ key, at, status, path, agent, keepAnswer: newest => newest.set(request) }, counts)
}

function addFailure({ key, at, status, path: name, agent, keepAnswer }: Failure, counts: Counts): void {
  const { totals, timeline, addresses, paths, networks, whatIf } = counts
  totals.failures += 1
  const serverError = status !== undefined && status >= 500 ? 1 : 0
  if (at !== undefined) timeline.add(at, 'failures')
  if (name !== undefined) {
    const path = paths.count(name)
    path.serverErrors += serverError
    path.newest = Math.max(path.newest, at ?? path.newest)
  }
  if (key === null || at === undefined) {
    totals.unattributed += 1
    return
  }
  networks?.failure(addressText(key), at, serverError)
  const address = addresses.count(key)
  address.serverErrors += serverError
  address.first = Math.min(address.first, at)
  if (at >= address.newest) {
    address.newest = at
    keepAnswer(address.answer)
    if (agent !== undefined) address.agent = truncated(agent)
  }
  whatIf.failure(key, at, status)
}

function sorted(numbers: readonly number[]): number[] {
  return [...new Set(numbers)].sort((a, b) => a - b)
}
