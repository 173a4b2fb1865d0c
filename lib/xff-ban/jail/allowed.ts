import { formatPrefix, type Prefix, parsePrefix } from '../../net/prefix.js'
import { excerpt } from '../../text/printable.js'
import { formatInstant, parseInstant } from '../../wire/instant.js'
import type { AllowRecord, DisallowRecord, UnbanRecord } from '../../wire/record.js'
import { type Allowance, type Allowances, createAllowances, type End } from './allowances.js'
import type { Hole } from './exempt.js'
import { inRange, timeOf } from './record-time.js'
import { said } from './records.js'
import { tooWide, type Widest } from './width.js'

/** How many addresses and prefixes may be allowed at a time. */
const MAX_ALLOWED = 10_000
/** How long a reason is, in UTF-16 units. */
const MAX_REASON = 400

/** What such a record comes to. */
export type AllowDecision =
  | { does: 'allow'; record: Allowance; target: Prefix }
  | { does: 'end'; record: DisallowRecord; target: Prefix }
  /** nothing to end: journaled all the same, so that no older record applies later */
  | { does: 'history'; record: DisallowRecord }
  | { does: 'nothing'; reason: string }
  | { does: 'refuse'; reason: string }

type Ended = AllowDecision & { does: 'end' }

/**
 * Who is not to be banned for now, because people said so. All times are milliseconds since 1970; nothing happens by
 * itself: what is over stays until `endOver`.
 */
export interface Allowed {
  allow: (record: Allowance, now: number) => AllowDecision
  disallow: (record: DisallowRecord, now: number) => AllowDecision
  /** Ends those that are over by now, in the order of their ends. */
  endOver: (now: number) => Ended[]
  /** When the next one ends; undefined where none does by itself. */
  nextEnd: () => number | undefined
  /** Why an address or prefix is not to be banned; undefined when it may be. */
  reason: (ip: string) => string | undefined
  /** Until when an address or prefix was allowed, if that has ended: what it did before bans nobody. */
  endedAt: (ip: string) => number
  /** What a ban of a prefix must leave out. */
  inside: (ip: string) => Hole[]
  /** What is in force, in the order of the addresses' last records. */
  inForce: () => Allowance[]
  /** The clock was set by so many milliseconds: those that end move along. @returns them */
  shift: (by: number) => Allowance[]
  /** Takes a record of the journal. */
  recall: (record: AllowRecord | DisallowRecord | UnbanRecord) => void
  /** The records from which `recall` makes the same list, and how many they are. */
  records: () => Generator<Allowance | DisallowRecord>
  size: () => number
  /** Forgets what ended before. */
  pruneEnded: (before: number) => void
  /** The newest instant of all records; -Infinity before the first. */
  newest: () => number
}

/** How each reason of this list begins. */
const REASON = /^(?:allowed|unbanned): /
const REPEATED = 'no newer than the last record of this address'

/** Whether it is people who want an address not to be banned. */
export function isAllowance(reason: string): boolean {
  return REASON.test(reason)
}

export function isAllowing(record: UnbanRecord): record is UnbanRecord & { until: string } {
  return record.until !== undefined
}

/** @param widest as for bans: a list that takes in half of all addresses is a mistake, too */
export function createAllowed(widest: Widest): Allowed {
  const allowances = createAllowances()
  return {
    allow: (record, now) => allow(allowances, widest, record, now),
    disallow: (record, now) => disallow(allowances, record, now),
    endOver: now => endOver(allowances, now),
    nextEnd: allowances.nextEnd,
    reason(ip) {
      const target = allowances.size() > 0 ? parsePrefix(ip) : null
      const entry = target && allowances.holding(target)
      return entry ? reasonOf(entry.record) : undefined
    },
    endedAt(ip) {
      const target = allowances.hasEnded() ? parsePrefix(ip) : null
      return target ? allowances.endedAt(target) : Number.NEGATIVE_INFINITY
    },
    inside(ip) {
      const target = allowances.size() > 0 && ip.includes('/') ? parsePrefix(ip) : null
      const found = target ? allowances.inside(target) : []
      return found.map(({ record }) => ({ range: record.ip, reason: reasonOf(record) }))
    },
    inForce: () => allowances.entries().map(([, { record }]) => record),

    shift(by) {
      const moving = allowances.entries().filter(([, { until }]) => until !== Number.POSITIVE_INFINITY)
      return moving.map(([ip, { target, ...entry }]) => {
        const [at, until] = [inRange(entry.at + by), inRange(entry.until + by)]
        const record = written(entry.record, { ip, at, until })
        allowances.set(ip, { target, at, until, record })
        return record
      })
    },

    recall: record => recall(allowances, record),
    *records() {
      yield* allowances.ended()
      for (const [, { record }] of allowances.entries()) yield record
    },
    size: () => allowances.ended().length + allowances.size(),
    pruneEnded(before) {
      for (const { ip, time } of allowances.ended()) if (parseInstant(time) < before) allowances.forget(ip)
    },
    newest: allowances.newest,
  }
}

function allow(allowances: Allowances, widest: Widest, record: Allowance, now: number): AllowDecision {
  const target = parsePrefix(record.ip)
  if (!target) return { does: 'refuse', reason: 'not an address' }
  const wide = tooWide(target, widest, 'allowed')
  if (wide !== undefined) return { does: 'refuse', reason: wide }
  const ip = formatPrefix(target)
  const latest = allowances.latest(ip)
  const at = record.time === undefined ? Math.max(now, latest) : timeOf(record, now)
  if (record.time !== undefined && at <= latest) return { does: 'nothing', reason: REPEATED }
  const until = untilOf(record)
  if (until <= now) return { does: 'nothing', reason: 'over already' }
  if (!allowances.get(ip) && allowances.size() >= MAX_ALLOWED) {
    return { does: 'refuse', reason: `${MAX_ALLOWED} are allowed already (xff-ban disallow ends some)` }
  }
  const kept = written(record, { ip, at, until })
  allowances.set(ip, { target, at, until, record: kept })
  return { does: 'allow', record: kept, target }
}

function disallow(allowances: Allowances, record: DisallowRecord, now: number): AllowDecision {
  const target = parsePrefix(record.ip)
  if (!target) return { does: 'refuse', reason: 'not an address' }
  const ip = formatPrefix(target)
  const latest = allowances.latest(ip)
  const at = record.time === undefined ? Math.max(now, latest) : timeOf(record, now)
  const end = disallowRecord(ip, at, record)
  if (allowances.get(ip)) {
    if (at < latest) return { does: 'nothing', reason: REPEATED }
    allowances.end(ip, end)
    return { does: 'end', record: end, target }
  }
  if (record.time === undefined || at <= latest) return { does: 'nothing', reason: 'not allowed' }
  allowances.end(ip, end)
  return { does: 'history', record: end }
}

function endOver(allowances: Allowances, now: number): Ended[] {
  if ((allowances.nextEnd() ?? Number.POSITIVE_INFINITY) > now) return []
  return allowances
    .entries()
    .filter(([, { until }]) => until <= now)
    .sort(([, a], [, b]) => a.until - b.until)
    .map(([ip, { target, at, until }]) => {
      const record = disallowRecord(ip, Math.max(at, until), { reason: 'expired' })
      allowances.end(ip, record)
      return { does: 'end', record, target }
    })
}

function recall(allowances: Allowances, record: AllowRecord | DisallowRecord | UnbanRecord): void {
  const target = parsePrefix(record.ip)
  if (!target || record.time === undefined) return
  const [ip, at] = [formatPrefix(target), parseInstant(record.time)]
  if (record.type === 'disallow') allowances.end(ip, disallowRecord(ip, at, record))
  else if (record.type === 'allow' || isAllowing(record)) {
    if (!allowances.get(ip) && allowances.size() >= MAX_ALLOWED) return
    const until = untilOf(record)
    allowances.set(ip, { target, at, until, record: written(record, { ip, at, until }) })
  }
}

function untilOf({ until }: Allowance): number {
  return until === undefined ? Number.POSITIVE_INFINITY : parseInstant(until)
}

/** The known fields of a record in their order. */
function written(
  record: Allowance,
  { ip, at, until: end }: { ip: string; at: number; until: number },
): Allowance {
  const time = formatInstant(at)
  const until = end === Number.POSITIVE_INFINITY ? {} : { until: formatInstant(end) }
  if (record.type === 'allow') {
    return { type: 'allow', time, ip, ...until, ...said('note', record.note), ...said('by', record.by) }
  }
  return {
    ...{ type: 'unban', time, ip, reason: 'asked', ...said('by', record.by) },
    ...{ until: record.until, ...until },
  }
}

function disallowRecord(
  ip: string,
  at: number,
  { reason = 'asked', note, by }: Pick<DisallowRecord, 'reason' | 'note' | 'by'>,
): End {
  return {
    ...{ type: 'disallow', time: formatInstant(at), ip },
    ...{ ...said('reason', reason), ...said('note', note), ...said('by', by) },
  }
}

/** Why somebody is not banned, for people: on a terminal, too. */
function reasonOf(record: Allowance): string {
  const what = record.type === 'allow' ? 'allowed' : 'unbanned'
  const words = [
    record.ip,
    ...(record.until === undefined ? [] : ['until', record.until]),
    ...(record.by === undefined ? [] : ['by', record.by]),
  ]
  const note = record.type === 'allow' && record.note !== undefined ? ` (${record.note})` : ''
  const text = `${what}: ${words.join(' ')}${note}`
  return `${excerpt(text, MAX_REASON)}; xff-ban disallow ${record.ip} ends that`
}
