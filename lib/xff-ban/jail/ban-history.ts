import { BoundedMap } from '../../bounded-map.js'
import { formatInstant } from '../../wire/instant.js'
import type { BanRecord, UnbanRecord } from '../../wire/record.js'

/** How many addresses are remembered beside those in force; the oldest leave first. */
const MAX_ADDRESSES = 100_000

/** A ban that is over, or an unban of an address that was not banned; all times in milliseconds since 1970. */
export interface PastBan {
  /** how many bans the ip has had; 0: none */
  count: number
  /** when the ban began, and until when it was meant to last */
  at: number
  until: number
  /** the time of the unban */
  unbannedAt: number
  reason: string
}

/** Who was banned before: what makes a record a duplicate, and the next ban the second. */
export interface BanHistory {
  get: (ip: string) => PastBan | undefined
  set: (ip: string, past: PastBan) => void
  delete: (ip: string) => void
  /** how many addresses */
  size: () => number
  /** Drops the addresses whose ban ended longer ago than they are remembered. */
  prune: (now: number) => void
  /** Up to two records an address, from which it can be recalled, oldest first. */
  records: () => Generator<BanRecord | UnbanRecord>
}

/** @param rememberMs how long an address is remembered after its ban */
export function createBanHistory(rememberMs: number): BanHistory {
  const history = new BoundedMap<string, PastBan>(MAX_ADDRESSES)
  return {
    get: ip => history.get(ip),
    set(ip, past) {
      // the newest last
      history.delete(ip)
      history.set(ip, past)
    },
    delete: ip => history.delete(ip),
    size: () => history.size,
    prune(now) {
      // by the end that was meant: until then a replay of the log can bring the ban again
      for (const [ip, { until, unbannedAt }] of history) {
        if (Math.max(until, unbannedAt) + rememberMs < now) history.delete(ip)
      }
    },
    *records() {
      for (const [ip, { count, at, until, unbannedAt, reason }] of history) {
        if (count > 0) yield { type: 'ban', time: formatInstant(at), ip, until: formatInstant(until), count }
        yield { type: 'unban', time: formatInstant(unbannedAt), ip, reason }
      }
    },
  }
}
