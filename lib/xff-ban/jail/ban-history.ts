import { formatInstant } from '../../wire/instant.js'
import type { BanRecord, UnbanRecord } from '../../wire/record.js'

/** How many addresses are remembered beside those in force; the oldest leave first, a tenth of them at once. */
const MOST = 100_000

/** A ban that is over, or an unban that found none. */
export interface Past {
  /** how many bans the ip has had; 0: none */
  count: number
  /** when the ban began, and until when it was meant to last */
  at: number
  until: number
  /** the time of the unban */
  latest: number
  reason: string
}

/** Who was banned before: what makes a repeat a repeat, and the next ban the second. */
export interface Memory {
  get: (ip: string) => Past | undefined
  set: (ip: string, past: Past) => void
  delete: (ip: string) => void
  /** how many addresses */
  size: () => number
  /** Drops what ended more than the memory's span before this instant. */
  forget: (newest: number) => void
  /** Up to two records an address, from which it can be recalled, oldest first. */
  records: () => Generator<BanRecord | UnbanRecord>
}

/** @param span how long an address is remembered after its ban, in milliseconds */
export function createMemory(span: number): Memory {
  const past = new Map<string, Past>()
  return {
    get: ip => past.get(ip),
    set(ip, one) {
      past.delete(ip)
      past.set(ip, one)
      if (past.size <= MOST) return
      // one by one, each would have to find its way past those deleted before
      for (const oldest of past.keys()) {
        if (past.size <= 0.9 * MOST) break
        past.delete(oldest)
      }
    },
    delete: ip => past.delete(ip),
    size: () => past.size,
    forget(newest) {
      // by the end that was meant: until then a replay of the log can bring the ban again
      for (const [ip, { until, latest }] of past) {
        if (Math.max(until, latest) + span < newest) past.delete(ip)
      }
    },
    *records() {
      for (const [ip, { count, at, until, latest, reason }] of past) {
        if (count > 0) yield { type: 'ban', time: formatInstant(at), ip, until: formatInstant(until), count }
        yield { type: 'unban', time: formatInstant(latest), ip, reason }
      }
    },
  }
}
