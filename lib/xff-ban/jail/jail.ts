import { type Prefix, parsePrefix } from '../../net/prefix.js'
import { formatInstant, parseInstant } from '../../wire/instant.js'
import type { AllowRecord, BanRecord, DisallowRecord, UnbanRecord } from '../../wire/record.js'
import { type ActiveBan, type ActiveBans, createActiveBans } from './active-bans.js'
import { type Allowed, createAllowed, isAllowing } from './allowed.js'
import type { Ban } from './ban.js'
import { type BanHow, decideBan } from './decide-ban.js'
import type { Hole } from './exempt.js'
import { bansAround, bansCovering, bansWithin } from './find-bans.js'
import { inRange, timeOf } from './record-time.js'
import { banRecord, canonicalInstant, canonicalTarget, said, unbanRecord } from './records.js'

/** What a record comes to. */
export type Decision =
  /** `evicted` makes room for it, and goes before it */
  | { does: 'ban'; ban: Ban; evicted?: UnbanRecord }
  /** a first ban that is to wait, without its end; the jail does not keep it */
  | { does: 'hold'; record: BanRecord }
  | { does: 'unban'; record: UnbanRecord }
  /** over before it came, or an unban of nobody: journaled, not enforced, so that no older record applies later */
  | { does: 'history'; records: [BanRecord, UnbanRecord] | [UnbanRecord] }
  /** the failures go on behind a ban that was decided at `decidedAt` */
  | { does: 'already-banned'; ban: Ban; at: number; decidedAt: number }
  /** no newer than the last record of this address, or nothing to undo */
  | { does: 'duplicate' }
  | { does: 'refuse'; reason: string }

/** Where nobody says how wide a prefix may be. */
const DEFAULT_WIDEST = { 4: 16, 6: 32 }

export interface JailOptions {
  /** how long the nth ban of an address lasts, in milliseconds; by a rule whose first ban lasts so many seconds */
  banMs: (count: number, lasts?: number) => number
  /** the maximum number of bans; beyond it the one that ends first is evicted */
  maxBans: number
  /** how long an address is remembered after its ban, in milliseconds */
  rememberMs: number
  /** why this address or prefix is never to be banned; undefined when it may be */
  exempt: (ip: string) => string | undefined
  /** what a ban of this prefix must leave out; none: nothing */
  inside?: (ip: string) => readonly Hole[]
  /** who else is not to be banned, and left out of banned prefixes, while it says so; none: an empty list */
  allowed?: Allowed
}

/** What the journal keeps. */
export type JournalRecord = BanRecord | UnbanRecord | AllowRecord | DisallowRecord

export interface Jail {
  ban: (record: BanRecord, now: number, how?: BanHow) => Decision
  unban: (record: UnbanRecord, now: number) => Decision
  /** Takes a record of the journal: a ban that is over is remembered, one that is not is in force again. */
  recall: (record: JournalRecord) => void
  /** The records from which `recall` makes the same jail, and how many they are at most. */
  records: () => Generator<JournalRecord>
  size: () => number
  /** Drops the addresses that need not be remembered any more. */
  pruneHistory: (now: number) => void
  /** Unbans those whose bans are over by now, in the order of their ends. */
  unbanExpired: (now: number) => UnbanRecord[]
  /** Unbans until there are no more than `maxBans`, as after a restart with a smaller limit. */
  unbanSurplus: (now: number) => UnbanRecord[]
  /** The clock was set by so many milliseconds: every ban in force moves along. */
  shift: (by: number) => void
  /** Whether an address or prefix in canonical text is banned itself. */
  isBanned: (ip: string) => boolean
  /** When the next ban ends; undefined when nobody is banned. */
  nextEnd: () => number | undefined
  inForce: () => Ban[]
  exempt: (ip: string) => string | undefined
  /** What a ban of this prefix must leave out. */
  inside: (ip: string) => readonly Hole[]
  /** The bans in force of prefixes that hold an address or prefix, its own ban aside. */
  covering: (ip: string) => Ban[]
  /** The bans in force of wider prefixes that hold an address or prefix, whether or not they leave it out. */
  around: (target: Prefix) => Ban[]
  /** The bans in force inside a prefix, its own included. */
  within: (target: Prefix) => Ban[]
  /** Who is not to be banned because people said so; `exempt` and `inside` know of it. */
  allowed: Allowed
  /** the newest instant of all records; -Infinity before the first */
  newest: () => number
}

/** Who is banned until when. Pure: every `now` comes from outside; all times are milliseconds since 1970. */
export function createJail(given: JailOptions): Jail {
  const { maxBans, rememberMs, allowed = createAllowed(DEFAULT_WIDEST) } = given
  const bans = createActiveBans(rememberMs)
  const exempt = (ip: string) => given.exempt(ip) ?? allowed.reason(ip)
  const inside = (ip: string) => [...(given.inside?.(ip) ?? []), ...allowed.inside(ip)]
  const options = { ...given, exempt, endedAt: allowed.endedAt }

  return {
    ban: (record, now, how = {}) => decideBan(bans, options, record, now, how),
    unban: (record, now) => decideUnban(bans, record, now),
    recall(record) {
      if (record.type !== 'ban') allowed.recall(record)
      if (record.type === 'ban' || record.type === 'unban') recall(bans, options, record)
    },

    *records() {
      yield* bans.history.records()
      for (const { ban } of bans.values()) yield ban.record
      yield* allowed.records()
    },
    size: () => 2 * bans.history.size() + bans.size() + allowed.size(),
    pruneHistory(now) {
      bans.history.prune(now)
      allowed.pruneEnded(now - rememberMs)
    },

    unbanExpired(now) {
      const isOver = (first: ActiveBan) => first.ban.until <= now
      return unbanWhile(bans, isOver, first => bans.unban(first, first.ban.until, 'expired'))
    },
    unbanSurplus(now) {
      const isTooMany = () => bans.size() > maxBans
      return unbanWhile(bans, isTooMany, first => bans.unban(first, now, 'evicted'))
    },

    shift(by) {
      for (const { ban, at: before, latest, decidedAt } of [...bans.values()]) {
        const [at, until] = [inRange(before + by), inRange(ban.until + by)]
        const record = { ...ban.record, time: formatInstant(at), until: formatInstant(until) }
        bans.add({ ban: { ...ban, until, record }, at, latest: latest + by, decidedAt: decidedAt + by })
      }
    },

    isBanned: ip => bans.get(ip) !== undefined,
    nextEnd: () => bans.first()?.ban.until,
    inForce: () => [...bans.values()].map(({ ban }) => ban),
    exempt,
    inside,
    covering(ip) {
      const target = parsePrefix(ip)
      return target ? bansCovering(bans, inside, target) : []
    },
    around: target => bansAround(bans, target),
    within: target => bansWithin(bans, target),
    allowed,
    newest: () => Math.max(bans.newest(), allowed.newest()),
  }
}

function decideUnban(bans: ActiveBans, record: UnbanRecord, now: number): Decision {
  const ip = canonicalTarget(record.ip)
  if (ip === null) return { does: 'refuse', reason: 'not an address' }
  const latest = bans.latest(ip)
  const at = record.time === undefined ? Math.max(now, latest) : timeOf(record, now)
  const reason = record.reason ?? 'asked'
  const active = bans.get(ip)
  if (active) {
    if (at < active.at) return { does: 'duplicate' }
    return { does: 'unban', record: { ...bans.unban(active, at, reason), ...said('by', record.by) } }
  }
  if (record.time === undefined || at <= latest) return { does: 'duplicate' }
  rememberUnban(bans, ip, at, reason)
  return { does: 'history', records: [unbanRecord(ip, at, reason)] }
}

function recall(bans: ActiveBans, { banMs }: JailOptions, record: BanRecord | UnbanRecord): void {
  // a journal can be long, and most of its addresses are as we wrote them
  const ip = bans.get(record.ip) ? record.ip : canonicalTarget(record.ip)
  if (ip === null || record.time === undefined) return
  const at = parseInstant(record.time)
  if (record.type === 'unban') {
    const active = bans.get(ip)
    if (active) bans.unban(active, at, record.reason ?? 'asked')
    // one that says until when is remembered by the list of those who are allowed
    else if (!isAllowing(record)) rememberUnban(bans, ip, at, record.reason ?? 'asked')
    return
  }
  const count = record.count ?? 1
  const until = record.until === undefined ? at + banMs(count, record.lasts) : parseInstant(record.until)
  const texts = { time: canonicalInstant(record.time, at), until: canonicalInstant(record.until, until) }
  const ban = { ip, until, record: banRecord(record, { ...texts, ip, count }) }
  bans.add({ ban, at, latest: at, decidedAt: Number.NEGATIVE_INFINITY })
}

/** Nobody is banned: remembered all the same, so that an older ban record cannot apply later. */
function rememberUnban(bans: ActiveBans, ip: string, at: number, reason: string): void {
  bans.remember(ip, { ...(bans.history.get(ip) ?? { count: 0, at, until: at }), unbannedAt: at, reason })
}

/** Unbans the one that ends first, as long as a condition holds. */
function unbanWhile(
  bans: ActiveBans,
  condition: (first: ActiveBan) => boolean,
  unban: (first: ActiveBan) => UnbanRecord,
): UnbanRecord[] {
  const records: UnbanRecord[] = []
  for (let first = bans.first(); first && condition(first); first = bans.first()) records.push(unban(first))
  return records
}
