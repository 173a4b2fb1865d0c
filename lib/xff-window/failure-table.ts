import { dropIdle, evictFewest, MAX_PASSED_KEYS } from './leave.js'
import { createLruMap } from './lru-map.js'

export interface Options {
  /** how many failures within `find` milliseconds make a ban */
  max: number
  find: number
  /** before this time nothing counts any more */
  horizon: () => number
  /** is called for each new key, and makes room if there is none */
  makeRoom: () => void
}

/** The failures by key, as many as may still count. */
export interface FailureTable {
  /**
   * Adds a failure, or as many of the same time as it has points.
   * @returns the time of the first of `max` failures within `find`, where there are so many; the key is then dropped
   */
  add: (key: string, time: number, points?: number) => number | undefined
  /** Whether a key has so many failures within `find`, one of them at this time. */
  has: (key: string, time: number, failures: number) => boolean
  /** The idle keys leave. */
  sweep: () => void
  /** So many keys leave, if there are so many: those that failed once, then those that failed least. */
  evict: (surplus: number) => void
  /** the number of keys */
  size: () => number
  /** how many keys had to leave while their failures could still count */
  evicted: () => number
}

/** Most keys fail once and never again, so they are kept apart, in little room; they leave first. */
export function createFailureTable({ max, find, horizon, makeRoom }: Options): FailureTable {
  // both in the order of the latest failure
  const once = new Map<string, number>()
  const several = createLruMap<number[]>()
  let evicted = 0

  const size = () => once.size + several.size()

  /** Adds a time to those of a key, and drops what does not count any more. @returns as `add` */
  const count = (times: number[], time: number, points: number): number | undefined => {
    for (let i = 0; i < points; i++) {
      insert(times, time)
      const since = firstOfWindow(times, time, max, find)
      if (since !== undefined) return since
    }
    while ((times[0] ?? Number.POSITIVE_INFINITY) < horizon()) times.shift()
    return undefined
  }

  const evict = (surplus: number) => {
    const before = evicted
    const isEnough = () => evicted - before >= surplus
    for (const key of once.keys()) {
      if (isEnough()) return
      once.delete(key)
      evicted += 1
    }
    evicted += evictFewest(
      several,
      times => times.length,
      count => count + evicted - before >= surplus,
    )
  }

  return {
    add(key, time, points = 1) {
      const entry = several.get(key)
      if (entry) {
        const since = count(entry.value, time, points)
        if (since === undefined) several.touch(entry)
        else several.delete(entry)
        return since
      }
      const single = once.get(key)
      if (single !== undefined) once.delete(key)
      else makeRoom()
      // most come once and never again: that takes no array
      if (max > 1 && points === 1 && (single === undefined || single < horizon())) {
        once.set(key, time)
        return undefined
      }
      const times = single === undefined ? [] : [single]
      const since = count(times, time, points)
      if (since === undefined) several.add(key, times)
      return since
    },
    has(key, time, failures) {
      const times = several.get(key)?.value
      if (!times) return failures <= 1 && once.get(key) === time
      return firstOfWindow(times, time, failures, find) !== undefined
    },
    sweep() {
      const oldest = horizon()
      dropIdleSingles(once, oldest)
      dropIdle(several, oldest, times => times.at(-1))
    },
    evict,
    size,
    evicted: () => evicted,
  }
}

/** Drops keys that failed once. The idle ones stand first, but for keys whose time was ahead: those go to the end. */
function dropIdleSingles(once: Map<string, number>, oldest: number): void {
  let left = MAX_PASSED_KEYS
  for (const [key, time] of once) {
    if (time >= oldest && left-- === 0) break
    once.delete(key)
    if (time >= oldest) once.set(key, time)
  }
}

/** Keeps the times in order; nearly always the new one is the last. */
function insert(times: number[], time: number): void {
  let at = times.length
  while (at > 0 && (times[at - 1] ?? 0) > time) at -= 1
  if (at === times.length) times.push(time)
  else times.splice(at, 0, time)
}

/** The oldest of `max` times within `find`, the newly come one among them; `undefined` where there are none. */
function firstOfWindow(times: number[], time: number, max: number, find: number): number | undefined {
  if (times.length < max) return undefined
  const at = times.lastIndexOf(time)
  for (let first = Math.max(0, at - max + 1); first <= at && first + max <= times.length; first++) {
    const oldest = times[first] ?? Number.NaN
    const newest = times[first + max - 1] ?? Number.NaN
    if (newest - oldest <= find) return oldest
  }
  return undefined
}
