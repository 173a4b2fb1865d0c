import { formatInstant, parseInstant } from '../../wire/instant.js'
import type { BanRecord } from '../../wire/record.js'
import type { ActiveBan, ActiveBans } from './active-bans.js'
import type { Allowed } from './allowed.js'
import type { Decision, JailOptions } from './jail.js'
import { inRange, timeOf } from './record-time.js'
import { banRecord, canonicalTarget, unbanRecord, undecidedBan } from './records.js'

/** The greatest count that can be read back. */
const MAX_COUNT = Number.MAX_SAFE_INTEGER

/** What a ban depends on beside the jail. */
export interface BanHow {
  /** whether a ban at this time of an address that was not banned before is to wait */
  holds?: ((at: number) => boolean) | undefined
  /** whether a ban in force gets the end of the record, if that is later */
  lengthens?: boolean
}

/** What a ban record comes to. @param now milliseconds since 1970 */
export function decideBan(
  bans: ActiveBans,
  options: JailOptions & Pick<Allowed, 'endedAt'>,
  record: BanRecord,
  now: number,
  { holds = () => false, lengthens = false }: BanHow,
): Decision {
  const ip = canonicalTarget(record.ip)
  if (ip === null) return { does: 'refuse', reason: 'not an address' }
  const reason = options.exempt(ip)
  if (reason !== undefined) return { does: 'refuse', reason }
  const at = timeOf(record, now)
  if (at <= bans.latest(ip) || at <= options.endedAt(ip)) return { does: 'duplicate' }
  const active = bans.get(ip)
  if (active) {
    active.latest = at
    if (lengthens && active.ban.until < untilOf(record)) return lengthen(bans, active, record, { at, now })
    return { does: 'already-banned', ban: active.ban, at, decidedAt: active.decidedAt }
  }
  const count = Math.min(Math.max(bansBefore(bans, options, ip, now) + 1, record.count ?? 1), MAX_COUNT)
  const until =
    record.until === undefined ? inRange(at + options.banMs(count, record.lasts)) : parseInstant(record.until)
  const carriedOut = banRecord(record, { time: formatInstant(at), ip, until: formatInstant(until), count })
  const first = bans.size() >= options.maxBans ? bans.first() : undefined
  const endsFirst = first !== undefined && first.ban.until > until
  if (until <= now || endsFirst) {
    const [unbannedAt, reason] = until <= now ? [until, 'expired'] : [Math.max(now, at), 'evicted']
    bans.remember(ip, { count, at, until, unbannedAt, reason })
    return { does: 'history', records: [carriedOut, unbanRecord(ip, unbannedAt, reason)] }
  }
  if (count === 1 && holds(at)) {
    return { does: 'hold', record: undecidedBan(record, { time: formatInstant(at), ip }) }
  }
  const evicted = first && bans.unban(first, now, 'evicted')
  const ban = { ip, until, record: carriedOut }
  bans.add({ ban, at, latest: at, decidedAt: now })
  return evicted ? { does: 'ban', ban, evicted } : { does: 'ban', ban }
}

function untilOf({ until }: BanRecord): number {
  return until === undefined ? Number.NEGATIVE_INFINITY : inRange(parseInstant(until))
}

/** The ban goes on, for the reason of the record and until its end. */
function lengthen(
  bans: ActiveBans,
  { ban }: ActiveBan,
  record: BanRecord,
  { at, now }: { at: number; now: number },
): Decision {
  const { ip } = ban
  const until = untilOf(record)
  const texts = { time: formatInstant(at), ip, until: formatInstant(until) }
  const longer = { ip, until, record: banRecord(record, { ...texts, count: ban.record.count ?? 1 }) }
  bans.add({ ban: longer, at, latest: at, decidedAt: now })
  return { does: 'ban', ban: longer }
}

/** How many bans an address has had that are still remembered. */
function bansBefore(bans: ActiveBans, { rememberMs }: JailOptions, ip: string, now: number): number {
  const past = bans.history.get(ip)
  return past && now <= past.unbannedAt + rememberMs ? past.count : 0
}
