import { parseInstant } from '../wire/instant.js'
import type { Answer, BanRecord, HitRecord, UnbanRecord } from '../wire/record.js'
import { briefly } from './truncate.js'

/** What is known of the last ban of an address or prefix; instants in milliseconds since 1970. */
export interface LastBan {
  ip: string
  from: number
  until: number
  /** whether an unban has ended it */
  unbanned: boolean
  /** how many bans it has had by now */
  count: number
  failures?: number
  last?: Answer
  /** packets stopped since it began */
  hits?: number
}

export interface Bans {
  /** Whether this is a new ban: not one told already, nor a decision about somebody who is banned. */
  ban: (record: BanRecord) => boolean
  unban: (record: UnbanRecord) => void
  hit: (record: HitRecord) => void
  /** How many bans were seen of this address. */
  countOf: (ip: string) => number
  /** Those that have not ended by then, the latest end first. */
  inForce: (now: number) => LastBan[]
  /** The last ban of each address, the first of them in front. */
  all: () => LastBan[]
  /** Whether there were more addresses than could be remembered. */
  forgetful: () => boolean
}

/** How many addresses are remembered; those whose last ban began first leave first. */
const REMEMBERED = 100_000

/** Who was banned until when, as the records of xff-window or xff-ban tell it; `time` where they do not. */
export function createBans(time: number): Bans {
  const known = new Map<string, LastBan>()
  let forgetful = false

  const remember = (ban: LastBan) => {
    known.delete(ban.ip)
    known.set(ban.ip, ban)
    if (known.size <= REMEMBERED) return
    known.delete(known.keys().next().value as string)
    forgetful = true
  }

  return {
    ban(record) {
      const { ip, failures, last } = record
      if (record.time === undefined) return false
      const from = parseInstant(record.time)
      const told = known.get(ip)
      const until = record.until === undefined ? from + time : parseInstant(record.until)
      // xff-window has told it, and now xff-ban says how long
      if (told && from === told.from && record.until !== undefined && !told.unbanned) told.until = until
      if (told && (from <= told.from || from < told.until)) return false
      remember({
        ip,
        from,
        until,
        unbanned: false,
        count: Math.max((told?.count ?? 0) + 1, record.count ?? 1),
        ...(failures === undefined ? {} : { failures }),
        ...(last === undefined ? {} : { last: briefly(last) }),
      })
      return true
    },
    unban({ ip, time }) {
      const told = known.get(ip)
      const end = time === undefined ? Number.NEGATIVE_INFINITY : parseInstant(time)
      if (!told || end < told.from) return
      told.until = Math.min(told.until, end)
      told.unbanned = true
    },
    hit({ ip, hits }) {
      const told = known.get(ip)
      if (told) told.hits = hits
    },
    countOf: ip => known.get(ip)?.count ?? 0,
    inForce: now =>
      [...known.values()]
        .filter(({ from, until }) => from <= now && now < until)
        .sort((a, b) => b.until - a.until || (a.ip < b.ip ? -1 : 1)),
    all: () => [...known.values()].sort((a, b) => a.from - b.from || (a.ip < b.ip ? -1 : 1)),
    forgetful: () => forgetful,
  }
}
