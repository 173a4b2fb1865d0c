/** What the tests of xff-ban share: addresses, bans and a jail. */
import type { BanRecord } from '../../lib/wire/record.js'
import type { Ban } from '../../lib/xff-ban/jail/ban.js'
import { createJail, type Jail, type JailOptions } from '../../lib/xff-ban/jail/jail.js'

export const SECOND_MS = 1000
export const MINUTE_MS = 60 * SECOND_MS
export const HOUR_MS = 60 * MINUTE_MS
/** When the stories of the tests begin. */
export const START = Date.parse('2026-11-22T14:00:00.000Z')

/** An instant so many minutes after the start, as records write it. */
export function at(minutes: number): string {
  return new Date(START + minutes * MINUTE_MS).toISOString()
}

/** The record of a ban that was decided so many minutes after the start. */
export function banRecord(ip: string, minutes = 0): BanRecord {
  return { type: 'ban', time: at(minutes), ip }
}

/** A ban in force. @param until milliseconds since 1970 */
export function ban(ip: string, until = START + HOUR_MS, uri = '/'): Ban {
  return { ip, until, record: { type: 'ban', ip, until: new Date(until).toISOString(), last: { uri } } }
}

/** The nth of many addresses. */
export function address(n: number): string {
  return `198.51.${n >> 8}.${n & 255}`
}

/** A jail in which bans last an hour. */
export function jailOf(options: Partial<JailOptions> = {}): Jail {
  return createJail({
    banMs: () => HOUR_MS,
    maxBans: 20_000,
    rememberMs: 30 * 24 * HOUR_MS,
    exempt: () => undefined,
    ...options,
  })
}
