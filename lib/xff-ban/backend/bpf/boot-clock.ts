import { readFileSync } from 'node:fs'

/** The resolution of `/proc/uptime`. */
const RESOLUTION_MS = 10

/**
 * Milliseconds since boot, time asleep included: the clock of the kernel's bans (CLOCK_BOOTTIME), which nobody can set.
 * Never late, and at most 10 ms early.
 */
export function sinceBoot(): number {
  return Number(readFileSync('/proc/uptime', 'latin1').split(' ')[0]) * 1000
}

/**
 * Turns instants of the wall clock into the kernel's, in nanoseconds since boot: 10 ms late at the most, never early.
 * @param now the wall clock at this moment; it and what is turned are milliseconds since 1970
 */
export function bootTime(now: number): (instant: number) => bigint {
  const start = sinceBoot() + RESOLUTION_MS - now
  return instant => BigInt(Math.max(0, Math.round(start + instant))) * 1_000_000n
}

/**
 * Turns an instant of the kernel's into one of the wall clock, in milliseconds since 1970.
 * @param now the wall clock
 */
export function wallTime(nanoseconds: bigint, now: number): number {
  return now - (sinceBoot() - Number(nanoseconds / 1_000_000n))
}
