import { parseInstant } from '../wire/instant.js'
import type { BanRecord, UnbanRecord } from '../wire/record.js'

/** Bans are counted in steps of so long, the last so many of them. */
export const STEP_MS = 600_000
const STEPS = 18

/**
 * How many bans fell in each step of the last three hours, the newest last; undefined where what is known does not reach
 * back that far.
 * @param past what is known, the oldest first; all of it, or the end of it
 */
export function growthOf(
  past: readonly (BanRecord | UnbanRecord)[],
  now: number,
  isAll: boolean,
): (number | undefined)[] {
  const first = past.find(({ time }) => time !== undefined)?.time
  const known = isAll || first === undefined ? Number.NEGATIVE_INFINITY : parseInstant(first)
  const counts: (number | undefined)[] = Array.from({ length: STEPS }, (_, i) =>
    now - (STEPS - i) * STEP_MS >= known ? 0 : undefined,
  )
  for (const { type, time } of past) {
    if (type !== 'ban' || time === undefined) continue
    const step = STEPS - 1 - Math.floor((now - parseInstant(time)) / STEP_MS)
    const count = counts[Math.min(step, STEPS - 1)]
    if (count !== undefined) counts[Math.min(step, STEPS - 1)] = count + 1
  }
  return counts
}

/** Those of several jails together. */
export function sumOf(growths: readonly (number | undefined)[][]): (number | undefined)[] {
  return Array.from({ length: STEPS }, (_, i) =>
    growths.reduce<number | undefined>((sum, growth) => {
      const count = growth[i]
      return sum === undefined || count === undefined ? undefined : sum + count
    }, 0),
  )
}

/** As a line. */
export function growthText(growth: readonly (number | undefined)[]): string {
  return `bans in each 10 min of 3 h, the last now: ${growth.map(count => count ?? '?').join(' ')}`
}
