import type { Zone } from './zone.js'

/** Lines are written at the end of a request, so in order but for what runs in parallel. */
const DISORDER_MS = 60_000

/** Reads the dates of a log. */
export interface LogClock {
  /** The instant of a reading of the wall; where it has two, the one that keeps the log in order. */
  read: (wall: number, msecs: number) => number
  /** The instant of a reading that has only one; else NaN. */
  only: (wall: number) => number
  /** Is told of an instant that was read without it. */
  saw: (instant: number) => void
  /** The newest instant of all; before the first, minus infinity. */
  newest: () => number
}

export function logClock(zone: Zone): LogClock {
  let newest = Number.NEGATIVE_INFINITY
  let latest = Number.NaN
  let instants: readonly number[] = []
  const at = (wall: number) => {
    // many lines have the same date
    if (wall !== latest) instants = zone(wall)
    latest = wall
    return instants
  }
  const saw = (instant: number) => {
    if (instant > newest) newest = instant
  }
  return {
    read(wall, msecs) {
      const [first = Number.NaN, second] = at(wall)
      const back = second !== undefined && first + msecs < newest - DISORDER_MS
      const end = (back ? second : first) + msecs
      saw(end)
      return end
    },
    only(wall) {
      const [first = Number.NaN, second] = at(wall)
      return second === undefined ? first : Number.NaN
    },
    saw,
    newest: () => newest,
  }
}
