import { BoundedMap } from '../../bounded-map.js'
import { formatPrefix, parsePrefix } from '../../net/prefix.js'
import { formatInstant } from '../../wire/instant.js'
import type { BanRecord, UnbanRecord } from '../../wire/record.js'

/** The length of an instant as we write it, `2026-11-22T14:00:00.000Z`. */
const INSTANT_LENGTH = 24

/** How many addresses and prefixes are remembered. */
const MAX_KNOWN = 16_384
const known = new BoundedMap<string, string | null>(MAX_KNOWN)

/** An address or prefix in canonical text; null for anything else. Those who go on failing are asked for again and again. */
export function canonicalTarget(ip: string): string | null {
  return known.getOrMake(ip, canonicalOf)
}

function canonicalOf(ip: string): string | null {
  const prefix = parsePrefix(ip)
  return prefix && formatPrefix(prefix)
}

/** An instant as we write it; most are written so already. */
export function canonicalInstant(text: string | undefined, milliseconds: number): string {
  return text?.length === INSTANT_LENGTH && text.endsWith('Z') ? text : formatInstant(milliseconds)
}

/** The longest text of who or why that is kept, in UTF-16 units: it stays in memory as long as the ban. */
const MAX_TEXT_LENGTH = 300
/** The same for the hosts that have reported failures. */
const MAX_HOSTS = 32

/** @param time milliseconds since 1970 */
export function unbanRecord(ip: string, time: number, reason: string): UnbanRecord {
  return { type: 'unban', time: formatInstant(time), ip, reason }
}

/** A text of who or why, as a field of a record, if there is one. */
export function said<F extends string>(field: F, text: string | undefined): { [K in F]?: string } {
  const found: { [K in F]?: string } = {}
  if (text) found[field] = shortened(text)
  return found
}

function shortened(text: string): string {
  return text.slice(0, MAX_TEXT_LENGTH).toWellFormed()
}

/** The known fields of a ban that nobody has carried out, in their order. */
export function undecidedBan(
  { failures, since, last, rule, lasts, hosts, reason, by }: BanRecord,
  { time, ip }: { time: string; ip: string },
): BanRecord {
  // field by field: to spread each that is there takes a tenth of all the time when 20,000 bans come at once
  const ban: BanRecord = { type: 'ban', time, ip }
  if (failures !== undefined) ban.failures = failures
  if (since !== undefined) ban.since = since
  if (last !== undefined) ban.last = { ...last }
  if (rule) ban.rule = shortened(rule)
  if (lasts !== undefined) ban.lasts = lasts
  if (hosts !== undefined) ban.hosts = hosts.slice(0, MAX_HOSTS).filter(Boolean).map(shortened)
  if (reason) ban.reason = shortened(reason)
  if (by) ban.by = shortened(by)
  return ban
}

/** The known fields of a ban record in their order, some of them decided by the jail. */
export function banRecord(
  record: BanRecord,
  { time, ip, until, count }: { time: string; ip: string; until: string; count: number },
): BanRecord {
  return Object.assign(undecidedBan(record, { time, ip }), { until, count })
}
