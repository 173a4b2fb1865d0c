import { readFileSync } from 'node:fs'

/** How exactly `/proc/uptime` tells the time, in milliseconds. */
const STEP = 10

/**
 * Milliseconds since boot, time asleep included: the clock of the kernel's bans (CLOCK_BOOTTIME), which nobody can set.
 * Never late, and at most 10 ms early.
 */
export function sinceBoot(): number {
  return Number(readFileSync('/proc/uptime', 'latin1').split(' ')[0]) * 1000
}

/**
 * When a ban ends, in nanoseconds since boot; 10 ms late at the most, and never early.
 * @param left milliseconds from now
 */
export function endIn(left: number): bigint {
  return BigInt(Math.max(0, Math.round(sinceBoot() + STEP + left))) * 1_000_000n
}

/**
 * Turns an instant of the kernel's into one of the wall clock, in milliseconds since 1970.
 * @param now the wall clock
 */
export function wallTime(nanoseconds: bigint, now: number): number {
  return now - (sinceBoot() - Number(nanoseconds / 1_000_000n))
}
