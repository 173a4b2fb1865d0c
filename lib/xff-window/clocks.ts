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
  let clocks: Clock[] = []
  let current: Clock = { newest: Number.NEGATIVE_INFINITY, lastLine: 0 }
  let slowest = Number.NEGATIVE_INFINITY
  let lines = 0
  let lateLines = 0

  const isNear = ({ newest }: Clock, time: number) => time - newest <= ahead && newest - time <= late

  /** Chooses the clock of a line where there are several, or none yet. */
  const change = (time: number) => {
    if (time < current.newest - late) lateLines += 1
    const distance = (clock: Clock) => Math.abs(clock.newest - time)
    const near = clocks.filter(clock => isNear(clock, time)).sort((a, b) => distance(a) - distance(b))[0]
    current = near ?? { newest: time, lastLine: lines }
    current.lastLine = lines
    current.newest = Math.max(current.newest, time)
    const { newest } = current
    // what has caught up with another one is the same from then on
    const others = clocks.filter(
      clock =>
        clock !== current &&
        lines - clock.lastLine < MAX_UNUSED_LINES &&
        Math.abs(clock.newest - newest) > late,
    )
    const kept = others.sort((a, b) => b.lastLine - a.lastLine).slice(0, MAX_CLOCKS - 1)
    current.newest = clocks
      .filter(clock => Math.abs(clock.newest - newest) <= late)
      .reduce((most, clock) => Math.max(most, clock.newest), newest)
    clocks = [current, ...kept]
    slowest = Math.min(...clocks.map(clock => clock.newest))
  }

  return {
    observe(time) {
      lines += 1
      if (clocks.length !== 1 || !isNear(current, time)) return change(time)
      current.lastLine = lines
      if (time > current.newest) slowest = current.newest = time
    },
    slowest: () => slowest,
    late: () => lateLines,
  }
}
