import type { UnbanRecord } from '../../wire/record.js'
import type { Ban } from './ban.js'
import { type BanHistory, createBanHistory, type PastBan } from './ban-history.js'
import { createExpiryQueue } from './expiry-queue.js'
import { unbanRecord } from './records.js'

/** A ban in force, and what has become known since; all times in milliseconds since 1970. */
export interface ActiveBan {
  ban: Ban
  /** when it began, by its record */
  at: number
  /** the time of the newest failure behind it */
  latest: number
  /** the clock when it was decided; -Infinity for one from the journal */
  decidedAt: number
}

/** The bans in force, and the addresses that were banned before: every record changes both together. */
export interface ActiveBans {
  history: BanHistory
  get: (ip: string) => ActiveBan | undefined
  values: () => IterableIterator<ActiveBan>
  size: () => number
  /** The one that ends first. */
  first: () => ActiveBan | undefined
  add: (active: ActiveBan) => void
  /** Ends a ban: never before the failures it has already stopped, since in a replay these come again. */
  unban: (active: ActiveBan, at: number, reason: string) => UnbanRecord
  /** Remembers something of an address that is not banned. */
  remember: (ip: string, past: PastBan) => void
  /** The time of the newest record of an address; -Infinity when there is none. */
  latest: (ip: string) => number
  /** The newest instant of all records; -Infinity before the first. */
  newest: () => number
}

/** @param rememberMs how long an address is remembered after its ban */
export function createActiveBans(rememberMs: number): ActiveBans {
  const active = new Map<string, ActiveBan>()
  const history = createBanHistory(rememberMs)
  const queue = createExpiryQueue(ban => active.get(ban.ip)?.ban === ban)
  let newest = Number.NEGATIVE_INFINITY

  const remember = (ip: string, past: PastBan) => {
    history.set(ip, past)
    newest = Math.max(newest, past.unbannedAt)
  }

  return {
    history,
    get: ip => active.get(ip),
    values: () => active.values(),
    size: () => active.size,
    first() {
      const ban = queue.first()
      return ban && active.get(ban.ip)
    },
    add(one) {
      const { ban, at } = one
      history.delete(ban.ip)
      active.set(ban.ip, one)
      queue.add(ban)
      newest = Math.max(newest, at)
    },
    unban({ ban, at, latest }, end, reason) {
      const unbannedAt = Math.max(end, latest)
      active.delete(ban.ip)
      remember(ban.ip, { count: ban.record.count ?? 1, at, until: ban.until, unbannedAt, reason })
      return unbanRecord(ban.ip, unbannedAt, reason)
    },
    remember,
    latest: ip => active.get(ip)?.latest ?? history.get(ip)?.unbannedAt ?? Number.NEGATIVE_INFINITY,
    newest: () => newest,
  }
}
