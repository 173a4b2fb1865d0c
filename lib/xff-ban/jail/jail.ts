import { formatPrefix, parsePrefix } from '../../net/prefix.js'
import { formatInstant, parseInstant } from '../../wire/instant.js'
import type { BanRecord, UnbanRecord } from '../../wire/record.js'
import { createMemory } from './ban-history.js'
import { createEnds } from './expiry-queue.js'

/** A ban in force. */
export interface Ban {
  /** canonical address or prefix */
  ip: string
  /** when it ends, in milliseconds since 1970 */
  until: number
  /** as it was carried out, `until` and `count` included */
  record: BanRecord
}

/** What a record comes to. */
export type Decision =
  /** `evicted` makes room for it, and goes before it */
  | { does: 'ban'; ban: Ban; evicted?: UnbanRecord }
  | { does: 'unban'; record: UnbanRecord }
  /** what was over before it came: history for the journal, that keeps older records from coming after it */
  | { does: 'past'; records: [BanRecord, UnbanRecord] | [UnbanRecord] }
  /** banned already, in force since `since`: the failures go on behind the ban */
  | { does: 'again'; ban: Ban; at: number; since: number }
  /** told already, or nothing to undo */
  | { does: 'nothing' }
  | { does: 'refuse'; because: string }

export interface Terms {
  /** how long the nth ban of an address lasts, in milliseconds */
  time: (count: number) => number
  /** how many bans stand at the most; beyond, the one that ends first leaves */
  maxBans: number
  /** how long an address is remembered after its ban, in milliseconds */
  remember: number
  /** why this address or prefix is never to be banned; undefined when it may be */
  exempt: (ip: string) => string | undefined
}

/** The length of an instant as we write it, `2026-11-22T14:00:00.000Z`. */
const WRITTEN = 24

/** A ban in force, and what has become known since. */
interface Standing {
  ban: Ban
  /** when it began, by the records */
  at: number
  /** the time of the newest failure behind it */
  latest: number
  /** the clock when it was decided; -Infinity for one that is recalled */
  since: number
}

export interface Jail {
  ban: (record: BanRecord, now: number) => Decision
  unban: (record: UnbanRecord, now: number) => Decision
  /** Takes what the journal tells: bans of the past keep their count, those not over are in force again. */
  recall: (record: BanRecord | UnbanRecord) => void
  /** What `recall` needs to make it what it is, and how many records that are. */
  records: () => Generator<BanRecord | UnbanRecord>
  size: () => number
  /** Drops the addresses that are no longer worth remembering. */
  forget: () => void
  /** Ends the bans that are over by now, in the order of their ends. */
  expire: (now: number) => UnbanRecord[]
  /** Ends bans until no more stand than may, as after a restart with a smaller bound. */
  trim: (now: number) => UnbanRecord[]
  /** The clock was set: every ban in force ends so many milliseconds later, and began as much later. */
  shift: (by: number) => void
  /** When the next ban ends; undefined when nobody is banned. */
  nextEnd: () => number | undefined
  inForce: () => Ban[]
  exempt: (ip: string) => string | undefined
  /** the newest instant of all that was decided; -Infinity before that */
  newest: () => number
}

/** Who is banned until when; pure: every `now` comes from outside. */
export function createJail({ time, maxBans, remember, exempt }: Terms): Jail {
  const standing = new Map<string, Standing>()
  const memory = createMemory(remember)
  const ends = createEnds(ban => standing.get(ban.ip)?.ban === ban)
  let newest = Number.NEGATIVE_INFINITY

  const countBefore = (ip: string, now: number): number => {
    const past = memory.get(ip)
    return past && Math.max(now, newest) <= past.latest + remember ? past.count : 0
  }

  const enter = (ban: Ban, at: number, since: number) => {
    memory.delete(ban.ip)
    standing.set(ban.ip, { ban, at, latest: at, since })
    ends.add(ban)
    newest = Math.max(newest, at)
  }

  /** @returns the time of the unban */
  const remove = ({ ban, at, latest }: Standing, end: number, reason: string): number => {
    // never before the failures it has already stopped: in a replay they come again
    const time = Math.max(end, latest)
    standing.delete(ban.ip)
    newest = Math.max(newest, time)
    const count = ban.record.count as number
    memory.set(ban.ip, { count, at, until: ban.until, latest: time, reason })
    return time
  }
  /** Nobody stands: still, an older ban must not come after it. */
  const lift = (ip: string, at: number, reason: string) => {
    const past = memory.get(ip) ?? { count: 0, at, until: at }
    memory.set(ip, { ...past, latest: at, reason })
    newest = Math.max(newest, at)
  }
  const leave = (one: Standing, end: number, reason: string): UnbanRecord =>
    unbanRecord(one.ban.ip, remove(one, end, reason), reason)
  const evict = (ban: Ban, now: number) => leave(standing.get(ban.ip) as Standing, now, 'evicted')

  return {
    ban(record, now) {
      const ip = canonicalTarget(record.ip)
      if (ip === null) return { does: 'refuse', because: 'not an address' }
      const because = exempt(ip)
      if (because !== undefined) return { does: 'refuse', because }
      const at = record.time === undefined ? now : parseInstant(record.time)
      const one = standing.get(ip)
      if (at <= (one?.latest ?? memory.get(ip)?.latest ?? Number.NEGATIVE_INFINITY)) {
        return { does: 'nothing' }
      }
      if (one) {
        one.latest = at
        return { does: 'again', ban: one.ban, at, since: one.since }
      }
      const count = Math.max(countBefore(ip, now) + 1, record.count ?? 1)
      const until = record.until === undefined ? at + time(count) : parseInstant(record.until)
      const told = banRecord(record, { time: formatInstant(at), ip, until: formatInstant(until), count })
      const first = standing.size >= maxBans ? ends.first() : undefined
      const soonest = first !== undefined && first.until > until
      if (until <= now || soonest) {
        const [end, reason] = until <= now ? [until, 'expired'] : [Math.max(now, at), 'evicted']
        memory.set(ip, { count, at, until, latest: end, reason })
        newest = Math.max(newest, end)
        return { does: 'past', records: [told, unbanRecord(ip, end, reason)] }
      }
      const evicted = first && evict(first, now)
      const ban = { ip, until, record: told }
      enter(ban, at, now)
      return evicted ? { does: 'ban', ban, evicted } : { does: 'ban', ban }
    },

    unban(record, now) {
      const ip = canonicalTarget(record.ip)
      if (ip === null) return { does: 'refuse', because: 'not an address' }
      const one = standing.get(ip)
      const latest = one?.latest ?? memory.get(ip)?.latest ?? Number.NEGATIVE_INFINITY
      const at = record.time === undefined ? Math.max(now, latest) : parseInstant(record.time)
      const reason = record.reason ?? 'asked'
      if (one) {
        return at < one.at ? { does: 'nothing' } : { does: 'unban', record: leave(one, at, reason) }
      }
      if (record.time === undefined || at <= latest) return { does: 'nothing' }
      lift(ip, at, reason)
      return { does: 'past', records: [unbanRecord(ip, at, reason)] }
    },

    recall(record) {
      // a journal can be long, and most of its addresses are as we wrote them
      const ip = standing.has(record.ip) ? record.ip : canonicalTarget(record.ip)
      if (ip === null || record.time === undefined) return
      const at = parseInstant(record.time)
      if (record.type === 'unban') {
        const one = standing.get(ip)
        if (one) remove(one, at, record.reason ?? 'asked')
        else lift(ip, at, record.reason ?? 'asked')
        return
      }
      const count = record.count ?? 1
      const until = record.until === undefined ? at + time(count) : parseInstant(record.until)
      const texts = { time: canonicalInstant(record.time, at), until: canonicalInstant(record.until, until) }
      const told = banRecord(record, { ...texts, ip, count })
      enter({ ip, until, record: told }, at, Number.NEGATIVE_INFINITY)
    },

    *records() {
      yield* memory.records()
      for (const { ban } of standing.values()) yield ban.record
    },
    size: () => 2 * memory.size() + standing.size,
    forget: () => memory.forget(newest),

    expire(now) {
      const ended: UnbanRecord[] = []
      for (let ban = ends.first(); ban && ban.until <= now; ban = ends.first()) {
        ended.push(leave(standing.get(ban.ip) as Standing, ban.until, 'expired'))
      }
      return ended
    },

    trim(now) {
      const surplus: UnbanRecord[] = []
      while (standing.size > maxBans) surplus.push(evict(ends.first() as Ban, now))
      return surplus
    },

    shift(by) {
      for (const [ip, { ban, at: before, latest, since }] of standing) {
        const [at, until] = [Math.max(0, before + by), Math.max(0, ban.until + by)]
        const record = { ...ban.record, time: formatInstant(at), until: formatInstant(until) }
        enter({ ip, until, record }, at, since + by)
        Object.assign(standing.get(ip) as Standing, { latest: latest + by })
      }
    },

    nextEnd: () => ends.first()?.until,
    inForce: () => [...standing.values()].map(({ ban }) => ban),
    exempt,
    newest: () => newest,
  }
}

/** An address or prefix in canonical text; null for anything else. */
function canonicalTarget(ip: string): string | null {
  const prefix = parsePrefix(ip)
  return prefix && formatPrefix(prefix)
}

/** An instant as we write it, which it mostly is. */
function canonicalInstant(text: string | undefined, milliseconds: number): string {
  return text?.length === WRITTEN && text.endsWith('Z') ? text : formatInstant(milliseconds)
}

function unbanRecord(ip: string, time: number, reason: string): UnbanRecord {
  return { type: 'unban', time: formatInstant(time), ip, reason }
}

/** The known fields of a ban record in their order, some of them decided here. */
function banRecord(
  { failures, since, last }: BanRecord,
  { time, ip, until, count }: { time: string; ip: string; until: string; count: number },
): BanRecord {
  return {
    type: 'ban',
    time,
    ip,
    ...(failures === undefined ? {} : { failures }),
    ...(since === undefined ? {} : { since }),
    ...(last === undefined ? {} : { last: { ...last } }),
    until,
    count,
  }
}
