import { existsSync, readFileSync } from 'node:fs'
import { runProgram } from '../run-program.js'

/** The resolution of `/proc/uptime` and of the start times in `/proc/PID/stat` (USER_HZ is 100), in milliseconds. */
const RESOLUTION_MS = 10
/** How exactly a starting process tells the time is how fast it starts; up to this often it is tried for better. */
const MAX_TRIES = 5
/** Where it is better than this, in milliseconds, it is good enough. */
const GOOD_MS = 50

/** An instant of the wall clock, milliseconds since 1970, in nanoseconds since boot. */
export type InBootTime = (instant: number) => bigint

/**
 * The clock of the kernel's bans (CLOCK_BOOTTIME of the machine): it counts from the boot, time asleep included, and
 * nobody can set it.
 */
export interface BootClock {
  /** How far `/proc/uptime` is behind it, in milliseconds; 0 where it is the same clock. */
  behind: number
  /** Milliseconds since boot: at most 10 ms early, and late by no more than it takes to start a process. */
  sinceBoot: () => number
  /**
   * Turns instants of the wall clock into the kernel's, in nanoseconds since boot: never early, and 10 ms late at the
   * most, but where `behind` is not 0.
   * @param now the wall clock at this moment; milliseconds since 1970
   */
  bootTime: (now: number) => InBootTime
  /**
   * Turns an instant of the kernel's into one of the wall clock, in milliseconds since 1970.
   * @param now the wall clock
   */
  wallTime: (nanoseconds: bigint, now: number) => number
}

/**
 * Compares `/proc/uptime` with the kernel's clock. In LXC, lxcfs puts a file in its place that tells the age of the
 * container; in a time namespace it is shifted. When a process was started is told by the kernel itself, and by how much
 * the namespace shifts that, too (timens_offsets in time_namespaces(7)).
 */
export async function openBootClock(): Promise<BootClock> {
  let best = await compare()
  for (let tries = 1; tries < MAX_TRIES && best.to - best.from > GOOD_MS; tries++) {
    const next = await compare()
    if (next.to - next.from < best.to - best.from) best = next
  }
  const { from, to } = best
  // never early: it is the later one that counts
  return bootClock(from <= 0 && to >= 0 ? 0 : to)
}

function bootClock(behind: number): BootClock {
  const sinceBoot = () => uptime() + behind
  return {
    behind,
    sinceBoot,
    bootTime: now => {
      const start = sinceBoot() + RESOLUTION_MS - now
      return instant => BigInt(Math.max(0, Math.round(start + instant))) * 1_000_000n
    },
    wallTime: (nanoseconds, now) => now - (sinceBoot() - Number(nanoseconds / 1_000_000n)),
  }
}

function uptime(): number {
  return Number(readFileSync('/proc/uptime', 'latin1').split(' ')[0]) * 1000
}

const STAT = '/proc/self/stat'
const OFFSETS = '/proc/self/timens_offsets'

/** @returns how far `/proc/uptime` is behind the kernel's clock, at the least and at the most, in milliseconds */
async function compare(): Promise<{ from: number; to: number }> {
  const before = uptime()
  // a kernel without time namespaces has no offsets
  const told = await runProgram(['cat', STAT, ...(existsSync(OFFSETS) ? [OFFSETS] : [])])
  const after = uptime()
  const started = startedAt(told)
  return { from: started - after - RESOLUTION_MS, to: started + RESOLUTION_MS - before }
}

/**
 * When a process was started, in milliseconds since boot.
 * @param told its `/proc/PID/stat`, and the `timens_offsets` behind it if there are any
 */
export function startedAt(told: string): number {
  // field 22 in proc_pid_stat(5), behind the name in parentheses
  const [stat = ''] = told.split('\n')
  const ticks = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19])
  const [, seconds = '0', nanoseconds = '0'] = /^boottime\s+(-?\d+)\s+(\d+)$/m.exec(told) ?? []
  return ticks * RESOLUTION_MS - Number(seconds) * 1000 - Number(nanoseconds) / 1e6
}
