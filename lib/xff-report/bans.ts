import { BoundedMap } from '../bounded-map.js'
import type { Answer } from '../wire/field.js'
import { parseInstant } from '../wire/instant.js'
import type { BanRecord, HitRecord, UnbanRecord } from '../wire/record.js'
import { truncated, truncatedAnswer } from './truncate.js'

/** The last ban of an address or prefix; instants in milliseconds since 1970. */
export interface LastBan {
  ip: string
  from: number
  until: number
  /** whether an unban has ended it */
  unbanned: boolean
  /** why, as that record says */
  ended?: string
  /** how many bans this address has had, this one included */
  count: number
  failures?: number
  last?: Answer
  /** the rule of xff-window that it broke */
  rule?: string
  /** why somebody asked for it, or the reason that xff-window gave, and who asked */
  reason?: string
  /** packets stopped since it began */
  hits?: number
}

export interface BanHistory {
  /** Whether this is a new ban, and neither a repetition nor a decision about an address that is banned already. */
  ban: (record: BanRecord) => boolean
  unban: (record: UnbanRecord) => void
  hit: (record: HitRecord) => void
  /** How many bans this address has had. */
  countOf: (ip: string) => number
  /** Bans that have begun and not ended by then, the latest end first. */
  inForce: (now: number) => LastBan[]
  /** The last ban of each address, in the order in which they began. */
  all: () => LastBan[]
  /** Addresses and prefixes that were banned. */
  everBanned: () => Iterable<string>
  /** Whether every address is still known; false once there were more than the bound. */
  complete: () => boolean
}

/** Beyond it the address whose last ban was recorded first is forgotten. */
const MAX_ADDRESSES = 100_000

/**
 * Who was banned until when, from the records of xff-window or xff-ban.
 * @param defaultTime how long a ban lasts whose record has neither `until` nor `lasts`, in milliseconds
 */
export function createBanHistory(defaultTime: number): BanHistory {
  const known = new BoundedMap<string, LastBan>(MAX_ADDRESSES)
  let complete = true

  const remember = (ban: LastBan) => {
    known.delete(ban.ip)
    if (known.size === MAX_ADDRESSES) complete = false
    known.set(ban.ip, ban)
  }

  return {
    ban(record) {
      const { ip, failures, last, rule, by } = record
      const reason = [record.reason, by === undefined ? undefined : `by ${by}`].filter(Boolean).join(', ')
      if (record.time === undefined) return false
      const from = parseInstant(record.time)
      const previous = known.get(ip)
      const lasts = record.lasts === undefined ? defaultTime : record.lasts * 1000
      const until = record.until === undefined ? from + lasts : parseInstant(record.until)
      // the record of xff-window is followed by that of xff-ban, which has the true end
      if (previous && from === previous.from && record.until !== undefined && !previous.unbanned)
        previous.until = until
      if (previous && (from <= previous.from || from < previous.until)) return false
      remember({
        ip,
        from,
        until,
        unbanned: false,
        count: Math.max((previous?.count ?? 0) + 1, record.count ?? 1),
        ...(failures === undefined ? {} : { failures }),
        ...(last === undefined ? {} : { last: truncatedAnswer(last) }),
        ...(rule === undefined ? {} : { rule: truncated(rule) }),
        ...(reason === '' ? {} : { reason: truncated(reason) }),
      })
      return true
    },
    unban({ ip, time, reason }) {
      const previous = known.get(ip)
      const end = time === undefined ? Number.NEGATIVE_INFINITY : parseInstant(time)
      if (!previous || end < previous.from) return
      previous.until = Math.min(previous.until, end)
      previous.unbanned = true
      if (reason !== undefined) previous.ended = truncated(reason)
    },
    hit({ ip, hits }) {
      const previous = known.get(ip)
      if (previous) previous.hits = hits
    },
    countOf: ip => known.get(ip)?.count ?? 0,
    inForce: now =>
      [...known.values()]
        .filter(({ from, until }) => from <= now && now < until)
        .sort((a, b) => b.until - a.until || (a.ip < b.ip ? -1 : 1)),
    all: () => [...known.values()].sort((a, b) => a.from - b.from || (a.ip < b.ip ? -1 : 1)),
    everBanned: () => known.keys(),
    complete: () => complete,
  }
}
