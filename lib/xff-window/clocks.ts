/**
 * The clocks by which the lines of a log are dated. A log is in order to `late`, and then it has one; several logs in
 * one, or programs whose clocks differ, have several, and a clock that is set has a new one. A line is dated by the clock
 * whose newest line it is nearest to, if that is not further away than `late`; else it is the first of another clock. So
 * one line with a wrong time, be it far ahead, moves no clock but its own, and makes no other line late.
 */
export interface Clocks {
  /** Takes a line with this time. */
  observe: (time: number) => void
  /** The newest time of the clock that is furthest behind. */
  slowest: () => number
  /** How many lines were further than `late` behind the one before them. */
  late: () => number
}

interface Clock {
  newest: number
  /** the line that was last dated by it, as a number */
  lastLine: number
}

/** How many clocks are told apart; the one that was used longest ago leaves. */
const MAX_CLOCKS = 8
/** A clock that has dated none of so many lines has stopped. */
const MAX_UNUSED_LINES = 1000
/** Dates have whole seconds: one more is no jump, whatever `late` is. */
const MIN_REACH_MS = 1000

/** @param late in milliseconds */
export function createClocks(late: number): Clocks {
  const ahead = Math.max(late, MIN_REACH_MS)
  // in the order in which they were last used, the current one first
  let clocks: Clock[] = []
  let current: Clock = { newest: Number.NEGATIVE_INFINITY, lastLine: 0 }
  let slowest = Number.NEGATIVE_INFINITY
  let lines = 0
  let lateLines = 0

  const isNear = ({ newest }: Clock, time: number) => time - newest <= ahead && newest - time <= late

  /** The clock that a time is near to, the nearest of several. */
  const nearest = (time: number): Clock | undefined => {
    let found: Clock | undefined
    for (const clock of clocks) {
      if (!isNear(clock, time)) continue
      if (!found || Math.abs(clock.newest - time) < Math.abs(found.newest - time)) found = clock
    }
    return found
  }

  /** Whether a time that is near the current clock changes nothing but that: no other clock is nearer, meets it, or ends. */
  const isOrdinary = (time: number): boolean => {
    const newest = Math.max(current.newest, time)
    const distance = Math.abs(current.newest - time)
    for (const clock of clocks) {
      if (clock === current) continue
      if (Math.abs(clock.newest - time) < distance || Math.abs(clock.newest - newest) <= late) return false
      if (lines - clock.lastLine >= MAX_UNUSED_LINES) return false
    }
    return true
  }

  /** Dates a line by the clock that it is nearest to, or by a new one. */
  const change = (time: number) => {
    if (time < current.newest - late) lateLines += 1
    current = nearest(time) ?? { newest: time, lastLine: lines }
    const newest = Math.max(current.newest, time)
    let furthest = newest
    const kept = [current]
    for (const clock of clocks) {
      if (clock === current) continue
      // what has caught up with another one is the same from then on
      if (Math.abs(clock.newest - newest) <= late) furthest = Math.max(furthest, clock.newest)
      else if (lines - clock.lastLine < MAX_UNUSED_LINES && kept.length < MAX_CLOCKS) kept.push(clock)
    }
    current.newest = furthest
    current.lastLine = lines
    clocks = kept
    findSlowest()
  }

  const findSlowest = () => {
    slowest = current.newest
    for (const { newest } of clocks) slowest = Math.min(slowest, newest)
  }

  return {
    observe(time) {
      lines += 1
      const isOnly = clocks.length === 1
      if (!isNear(current, time) || !(isOnly || isOrdinary(time))) return change(time)
      current.lastLine = lines
      if (time <= current.newest) return
      current.newest = time
      if (isOnly) slowest = time
      else findSlowest()
    },
    slowest: () => slowest,
    late: () => lateLines,
  }
}
