import { createClocks } from './clocks.js'
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

/** What a failure did: nothing yet, or made a ban. */
export type Verdict = 'counted' | Ban

export interface Window {
  /** @param time milliseconds since 1970 */
  observe: (key: string, time: number) => Verdict
  /** the number of keys */
  size: () => number
  /** how many keys had to leave while their failures could still count */
  evicted: () => number
  /** how many failures were further than `late` behind the one before them */
  late: () => number
}

/**
 * The exact window: a ban falls when `max` failures of one key have newest minus oldest <= find, in event
 * time and whatever the order in which they came. After it the key starts from zero.
 */
export function createWindow({ max, find, late, keys }: Limits): Window {
  // times are kept from the first one on: a small integer takes no memory of its own
  let origin: number | undefined
  const clocks = createClocks(late)
  let sweepAt = Number.NEGATIVE_INFINITY

  const sweep = () => {
    sweepAt = clocks.slowest() + find + late
    failures.sweep()
  }
  // no line that still counts reaches further back
  const failures = createFailureTable({
    max,
    find,
    keys,
    horizon: () => clocks.slowest() - late - find,
    onFull: sweep,
  })

  return {
    observe(key, instant) {
      origin ??= instant
      const time = instant - origin
      clocks.observe(time)
      // a clock that is further behind may have come, too
      const rest = sweepAt - clocks.slowest()
      if (rest < 0 || rest > 2 * (find + late)) sweep()
      const since = failures.add(key, time)
      return since === undefined ? 'counted' : { since: since + origin, failures: max }
    },
    size: failures.size,
    evicted: failures.evicted,
    late: clocks.late,
  }
}
