/** When a ban falls; all in milliseconds but `max`. */
export interface Limits {
  /** failures allowed up to: this many within `find` tip the ban */
  max: number
  find: number
  /** how far out of order a line may come and still count as if in order */
  late: number
}

/** What a failure did: nothing yet, tipped a ban, or came too late to count. */
export type Verdict = 'counted' | 'late' | { since: number; failures: number }

/**
 * The exact window: a ban falls when `max` failures of one key have newest minus oldest <= find, in event
 * time and whatever the order in which they came. After it the key starts from zero.
 */
export function createWindow({ max, find, late }: Limits): (key: string, time: number) => Verdict {
  const table = new Map<string, number[]>()
  let newest = Number.NEGATIVE_INFINITY

  return (key, time) => {
    if (time < newest - late) return 'late'
    newest = Math.max(newest, time)
    const times = table.get(key) ?? []
    insert(times, time)
    const since = firstOfWindow(times, time, max, find)
    if (since !== undefined) {
      table.delete(key)
      return { since, failures: max }
    }
    // no line that still counts reaches further back
    while ((times[0] as number) < newest - late - find) times.shift()
    table.set(key, times)
    return 'counted'
  }
}

/** Keeps the times in order; nearly always the new one is the last. */
function insert(times: number[], time: number): void {
  let at = times.length
  while (at > 0 && (times[at - 1] as number) > time) at -= 1
  times.splice(at, 0, time)
}

/** The oldest of `max` times within `find`, the newly come one among them; `undefined` where there are none. */
function firstOfWindow(times: number[], time: number, max: number, find: number): number | undefined {
  const at = times.lastIndexOf(time)
  for (let first = Math.max(0, at - max + 1); first <= at && first + max <= times.length; first++) {
    if ((times[first + max - 1] as number) - (times[first] as number) <= find) return times[first]
  }
  return undefined
}
