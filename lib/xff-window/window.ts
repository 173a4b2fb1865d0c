import { createFailureTable } from './failure-table.js'

/** When a ban falls; times in milliseconds. */
export interface Limits {
  /** the Nth failure within `find` makes a ban */
  max: number
  find: number
  /** how far out of order a line may come and still count as if in order */
  late: number
  /** how many keys are kept at most */
  keys: number
}

/** What makes a ban: how many failures since when, in milliseconds since 1970. */
export interface Ban {
  since: number
  failures: number
}

/** What a failure did: nothing yet, made a ban, or came too late to count. */
export type Verdict = 'counted' | 'late' | Ban

export interface Window {
  /** @param time milliseconds since 1970 */
  observe: (key: string, time: number) => Verdict
  /** the number of keys */
  size: () => number
  /** how many keys had to leave while their failures could still count */
  evicted: () => number
  /** how often the log's clock was seen to be set back */
  setBack: () => number
}

/** After so many late lines in a row it is not the lines that are late: the log's clock was set back. */
const LATE_LINES_OF_A_CLOCK_SET_BACK = 1000

/**
 * The exact window: a ban falls when `max` failures of one key have newest minus oldest <= find, in event
 * time and whatever the order in which they came. After it the key starts from zero.
 */
export function createWindow({ max, find, late, keys }: Limits): Window {
  // times are kept from the first one on: a small integer takes no memory of its own
  let origin: number | undefined
  let newest = Number.NEGATIVE_INFINITY
  let lateInARow = 0
  let setBack = 0
  let sweepAt = Number.NEGATIVE_INFINITY

  const sweep = () => {
    sweepAt = newest + find + late
    failures.sweep()
  }
  // no line that still counts reaches further back
  const failures = createFailureTable({ max, find, keys, horizon: () => newest - late - find, onFull: sweep })

  const isLate = (time: number): boolean => {
    if (time >= newest - late) {
      lateInARow = 0
      newest = Math.max(newest, time)
      return false
    }
    lateInARow += 1
    if (lateInARow < LATE_LINES_OF_A_CLOCK_SET_BACK) return true
    lateInARow = 0
    setBack += 1
    newest = time
    sweepAt = time
    return false
  }

  return {
    observe(key, instant) {
      origin ??= instant
      const time = instant - origin
      if (isLate(time)) return 'late'
      if (newest > sweepAt) sweep()
      const since = failures.add(key, time)
      return since === undefined ? 'counted' : { since: since + origin, failures: max }
    },
    size: failures.size,
    evicted: failures.evicted,
    setBack: () => setBack,
  }
}
