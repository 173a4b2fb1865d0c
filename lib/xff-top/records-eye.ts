import { BoundedMap } from '../bounded-map.js'
import { canonical } from '../net/address.js'
import type { Answer } from '../wire/field.js'
import { parseInstant } from '../wire/instant.js'
import type { BanRecord, HeldRecord, RequestRecord, StreamRecord, UnbanRecord } from '../wire/record.js'
import { type Board, type Eye, type Present, pathOf, type Source, type Told } from './board.js'
import { explainBan } from './explain.js'
import { growthOf } from './growth.js'

/** What is older than that, by the records, is not now. */
const LATELY_MS = 600_000
const MINUTE_MS = 60_000
/** Records a second are counted over so long, by the clock. */
const PACE_MS = 10_000
const MAX_ADDRESSES = 10_000
const MAX_PATHS = 5_000
const MAX_BANS = 10_000
const MAX_ROWS = 500

interface Failing {
  failures: number
  last: number
  hits: number | undefined
  answer: Answer
}

/** Looks at records of any stage as they come; it forgets what is old, so that any number of them takes little memory. */
export interface RecordsEye extends Eye {
  add: (record: StreamRecord) => void
}

/** @param now the clock; the age of the newest record is by it */
export function watchRecords(now: () => number): RecordsEye {
  const seen: Seen = {
    failing: new BoundedMap<string, Failing>(MAX_ADDRESSES),
    paths: new BoundedMap<string, { count: number; last: number }>(MAX_PATHS),
    bans: new BoundedMap<string, BanRecord>(MAX_BANS),
    held: new BoundedMap<string, HeldRecord>(MAX_BANS),
    past: new BoundedMap<string, BanRecord | UnbanRecord>(MAX_BANS),
    problems: new Map<string, string>(),
    newest: undefined,
    pace: createPace(now),
  }
  return {
    add: record => addRecord(record, seen),
    async look() {
      return boardOf(seen, now())
    },
    explain(ip) {
      const lines = explainBan(ip, {
        source: 'these records',
        bans: [...seen.bans.values()],
        held: [...seen.held.values()],
        past: [...seen.past.values()],
        now: seen.newest ?? 0,
      })
      const failing = seen.failing.get(ip)
      if (failing) lines.push(`${ip} failed ${failing.failures} times in these records, lately`)
      return lines.length > 0 ? lines : [`${ip} is not banned in these records, and did not fail lately.`]
    },
    async unban() {
      return 'records of stdin can be looked at only: xff-ban unban, or xff-top without -'
    },
  }
}

interface Seen {
  failing: BoundedMap<string, Failing>
  paths: BoundedMap<string, { count: number; last: number }>
  bans: BoundedMap<string, BanRecord>
  held: BoundedMap<string, HeldRecord>
  past: BoundedMap<string, BanRecord | UnbanRecord>
  problems: Map<string, string>
  newest: number | undefined
  pace: ReturnType<typeof createPace>
}

function addRecord(record: StreamRecord, seen: Seen): void {
  seen.pace.count()
  const at = typeof record.time === 'string' ? parseInstant(record.time) : undefined
  if (at !== undefined) seen.newest = Math.max(seen.newest ?? at, at)
  switch (record.type) {
    case 'request':
      addRequest(record, at, seen)
      break
    case 'ban':
      put(seen.bans, record.ip, { ...record, last: shortened(record.last) ?? {} })
      put(seen.past, `${record.ip} ${record.time}`, { ...record, last: shortened(record.last) ?? {} })
      seen.held.delete(record.ip)
      break
    case 'unban':
      seen.bans.delete(record.ip)
      put(seen.past, `${record.ip} ${record.time} unban`, record)
      break
    case 'held':
      put(seen.held, record.ip, record)
      break
    case 'hit': {
      const ban = seen.bans.get(record.ip)
      if (ban) Object.assign(ban, { hits: record.hits, last_hit: record.time })
      break
    }
    case 'problem':
      if (record.until === undefined) seen.problems.set(record.kind.slice(0, 20), record.reason)
      else seen.problems.delete(record.kind.slice(0, 20))
      if (seen.problems.size > 10) seen.problems.clear()
  }
}

function addRequest(request: RequestRecord, at: number | undefined, seen: Seen): void {
  const { status = 500, ip, uri } = request
  if (status < 400 || at === undefined) return
  if (uri !== undefined) {
    const path = pathOf(uri)
    const known = seen.paths.get(path)
    put(seen.paths, path, { count: (isLate(known?.last, at) ? 0 : (known?.count ?? 0)) + 1, last: at })
  }
  if (ip === null) return
  const key = canonical(ip) ?? ip
  const known = seen.failing.get(key)
  put(seen.failing, key, {
    failures: (isLate(known?.last, at) ? 0 : (known?.failures ?? 0)) + 1,
    last: at,
    hits: undefined,
    answer: shortened(request) ?? {},
  })
}

/** The newest in the last place, since the map forgets from the front. */
function put<V>(map: BoundedMap<string, V>, key: string, value: V): void {
  map.delete(key)
  map.set(key, value)
}

function isLate(last: number | undefined, at: number): boolean {
  return last !== undefined && at - last > LATELY_MS
}

/** A copy that keeps no long line alive. */
function shortened(answer: Answer | undefined): Answer | undefined {
  if (!answer) return undefined
  const { status, method, uri } = answer
  return {
    ...(status === undefined ? {} : { status }),
    ...(method === undefined ? {} : { method: method.slice(0, 20) }),
    ...(uri === undefined ? {} : { uri: uri.slice(0, 200) }),
  }
}

function boardOf(seen: Seen, now: number): Board {
  const newest = seen.newest ?? now
  const inForce = [...seen.bans.values()].filter(
    ({ until, time }) =>
      (until ?? time) === undefined || parseInstant(until ?? time ?? '') > newest || until === undefined,
  )
  const isBanned = new Set(inForce.map(({ ip }) => ip))
  const present: Present[] = [...seen.failing]
    .filter(([, { last }]) => newest - last <= LATELY_MS)
    .map(([ip, { failures, last, answer }]) => ({
      ...{ ip, source: '-', failures, last, answer, rate: 0 },
      hits: seen.bans.get(ip)?.hits,
      isBanned: isBanned.has(ip),
    }))
  for (const { ip, hits, last_hit, time, failures = 0, last } of inForce) {
    if (seen.failing.has(ip)) continue
    const at = last_hit ?? time
    present.push({
      ...{ ip, source: '-', hits, failures, answer: last, rate: 0, isBanned: true },
      last: at === undefined ? 0 : parseInstant(at),
    })
  }
  present.sort((a, b) => b.failures - a.failures || b.last - a.last)
  return {
    now,
    sources: [sourceOf(seen, now, inForce.length)],
    present: present.slice(0, MAX_ROWS),
    paths: [...seen.paths]
      .filter(([, { last }]) => newest - last <= LATELY_MS)
      .map(([path, { count }]): [string, number] => [path, count])
      .sort(([, a], [, b]) => b - a)
      .slice(0, MAX_ROWS),
    bans: toldBans(seen, isBanned),
    held: [...seen.held.values()].map(record => ({ ...record, source: '-' })),
    growth: growthOf([...seen.past.values()], newest, seen.past.size < MAX_BANS),
  }
}

function toldBans({ past, bans }: Seen, isBanned: ReadonlySet<string>): Told[] {
  const ended = new Set<string>()
  const told: Told[] = []
  for (const record of [...past.values()].reverse()) {
    if (record.type === 'unban') {
      if (record.reason !== 'expired') ended.add(record.ip)
      continue
    }
    const standing = bans.get(record.ip)?.time === record.time && isBanned.has(record.ip)
    const state = standing ? 'in force' : ended.delete(record.ip) ? 'unbanned' : 'over'
    told.push({ source: '-', record, state })
    if (told.length === MAX_ROWS) break
  }
  return told
}

function sourceOf({ problems, newest, held, pace }: Seen, now: number, bans: number): Source {
  const age = newest === undefined ? undefined : Math.max(0, now - newest)
  const amiss = [...problems.values()]
  const isSilent = age !== undefined && age > LATELY_MS
  if (isSilent) amiss.push(`the newest record is ${Math.round(age / MINUTE_MS)} min old`)
  return {
    name: '-',
    state: amiss.length === 0 ? 'ok' : isSilent ? 'blind' : 'failing',
    problems: amiss,
    ...{ age, rate: pace.rate(), bans, held: held.size, ineffective: 0, way: 'records on stdin' },
  }
}

/** How many records a second come. */
function createPace(now: () => number) {
  let [from, count] = [now(), 0]
  let before: number | undefined
  return {
    count() {
      count += 1
    },
    rate(): number | undefined {
      const passed = now() - from
      if (passed >= PACE_MS) {
        before = (1000 * count) / passed
        ;[from, count] = [now(), 0]
      }
      const rate = before ?? (passed > 0 ? (1000 * count) / passed : undefined)
      return rate === undefined ? undefined : Math.round(10 * rate) / 10
    },
  }
}
