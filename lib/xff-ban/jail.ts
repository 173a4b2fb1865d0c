import TinyQueue from 'tinyqueue'
import { formatPrefix, parsePrefix } from '../net/prefix.js'
import { type BanRecord, formatInstant, parseInstant, type UnbanRecord } from '../record.js'

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
  | { does: 'ban'; ban: Ban }
  | { does: 'unban'; record: UnbanRecord }
  /** a ban that was over before it came: history for the journal, its end included */
  | { does: 'past'; records: [BanRecord, UnbanRecord] }
  /** banned already: the failures go on behind the ban */
  | { does: 'again' }
  /** told already, or nothing to undo */
  | { does: 'nothing' }
  | { does: 'refuse'; because: string }

export interface Terms {
  /** how long a ban lasts, in milliseconds */
  time: number
  /** why this address or prefix is never to be banned; undefined when it may be */
  exempt: (ip: string) => string | undefined
}

/** How many addresses are remembered at the most, those in force included; the oldest leave first. */
const REMEMBERED = 1_000_000

interface Entry {
  count: number
  /** the time of the last ban or unban */
  latest: number
  ban?: Ban
}

export interface Jail {
  ban: (record: BanRecord, now: number) => Decision
  unban: (record: UnbanRecord, now: number) => Decision
  /** Takes what the journal tells: bans of the past keep their count, those not over are in force again. */
  recall: (record: BanRecord | UnbanRecord) => void
  /** Ends the bans that are over by now, in the order of their ends. */
  expire: (now: number) => UnbanRecord[]
  /** When the next ban ends; undefined when nobody is banned. */
  nextEnd: () => number | undefined
  inForce: () => Ban[]
}

/** Who is banned until when; pure: every `now` comes from outside. */
export function createJail({ time, exempt }: Terms): Jail {
  const entries = new Map<string, Entry>()
  // ends of bans; one that was ended early or replaced is passed over when its turn comes
  const ends = new TinyQueue<Ban>([], (a, b) => a.until - b.until)
  const isCurrent = (ban: Ban) => entries.get(ban.ip)?.ban === ban

  const remember = (ip: string, entry: Entry) => {
    entries.delete(ip)
    entries.set(ip, entry)
    for (const [oldest, { ban }] of entries) {
      if (entries.size <= REMEMBERED) break
      if (!ban) entries.delete(oldest)
    }
  }

  const enter = (ip: string, record: BanRecord, at: number, until: number, count: number): Ban => {
    const ban = {
      ip,
      until,
      record: banRecord(record, { time: formatInstant(at), ip, until: formatInstant(until), count }),
    }
    remember(ip, { count, latest: at, ban })
    ends.push(ban)
    return ban
  }

  const leave = (ip: string, entry: Entry, at: number) => remember(ip, { count: entry.count, latest: at })

  return {
    ban(record, now) {
      const ip = canonicalTarget(record.ip)
      if (ip === null) return { does: 'refuse', because: 'not an address' }
      const because = exempt(ip)
      if (because !== undefined) return { does: 'refuse', because }
      const at = record.time === undefined ? now : parseInstant(record.time)
      const until = record.until === undefined ? at + time : parseInstant(record.until)
      const entry = entries.get(ip)
      if (entry && at <= entry.latest) return { does: 'nothing' }
      if (entry?.ban) {
        entry.latest = at
        return { does: 'again' }
      }
      const count = Math.max((entry?.count ?? 0) + 1, record.count ?? 1)
      if (until <= now) {
        remember(ip, { count, latest: until })
        return {
          does: 'past',
          records: [
            banRecord(record, { time: formatInstant(at), ip, until: formatInstant(until), count }),
            expiry(ip, until),
          ],
        }
      }
      return { does: 'ban', ban: enter(ip, record, at, until, count) }
    },

    unban(record, now) {
      const ip = canonicalTarget(record.ip)
      if (ip === null) return { does: 'refuse', because: 'not an address' }
      const at = record.time === undefined ? now : parseInstant(record.time)
      const entry = entries.get(ip)
      if (!entry?.ban || at < parseInstant(entry.ban.record.time as string)) return { does: 'nothing' }
      leave(ip, entry, at)
      return {
        does: 'unban',
        record: { type: 'unban', time: formatInstant(at), ip, reason: record.reason ?? 'asked' },
      }
    },

    recall(record) {
      const ip = canonicalTarget(record.ip)
      if (ip === null || record.time === undefined) return
      const at = parseInstant(record.time)
      const entry = entries.get(ip)
      if (record.type === 'unban') {
        if (entry) leave(ip, entry, at)
        return
      }
      enter(
        ip,
        record,
        at,
        record.until === undefined ? at + time : parseInstant(record.until),
        record.count ?? 1,
      )
    },

    expire(now) {
      const ended: UnbanRecord[] = []
      for (let ban = ends.peek(); ban && (ban.until <= now || !isCurrent(ban)); ban = ends.peek()) {
        ends.pop()
        if (!isCurrent(ban)) continue
        leave(ban.ip, entries.get(ban.ip) as Entry, ban.until)
        ended.push(expiry(ban.ip, ban.until))
      }
      return ended
    },

    nextEnd: () => ends.peek()?.until,

    inForce: () => [...entries.values()].flatMap(({ ban }) => ban ?? []),
  }
}

/** An address or prefix in canonical text; null for anything else. */
function canonicalTarget(ip: string): string | null {
  const prefix = parsePrefix(ip)
  return prefix && formatPrefix(prefix)
}

function expiry(ip: string, until: number): UnbanRecord {
  return { type: 'unban', time: formatInstant(until), ip, reason: 'expired' }
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
