import { createRecency } from './lru-map.js'

/** When a ban falls; times in milliseconds. */
export interface Limits {
  /** failures allowed up to: this many within `find` tip the ban */
  max: number
  find: number
  /** how far out of order a line may come and still count as if in order */
  late: number
  /** how many keys are kept at the most */
  keys: number
}

/** What a failure did: nothing yet, tipped a ban, or came too late to count. */
export type Verdict = 'counted' | 'late' | { since: number; failures: number }

export interface Window {
  observe: (key: string, time: number) => Verdict
  /** keys in the table */
  size: () => number
  /** keys that had to leave while their failures could still count */
  evicted: () => number
  /** how often the log's clock was seen to be set back */
  setBack: () => number
}

/** After so many late lines in a row it is not the lines that are late: the log's clock was set back. */
const SET_BACK = 1000

/**
 * The exact window: a ban falls when `max` failures of one key have newest minus oldest <= find, in event
 * time and whatever the order in which they came. After it the key starts from zero.
 *
 * Most keys fail once and never again, so they are kept apart, in little room; they leave first.
 */
export function createWindow({ max, find, late, keys }: Limits): Window {
  // both in the order of the latest failure
  const once = new Map<string, number>()
  const several = createRecency<number[]>()
  // times are kept from the first one on: a small integer takes no memory of its own
  let origin: number | undefined
  let newest = Number.NEGATIVE_INFINITY
  let lateInARow = 0
  let evicted = 0
  let setBack = 0
  let sweepAt = Number.NEGATIVE_INFINITY

  const size = () => once.size + several.size()

  /** No line that still counts reaches further back than this. */
  const horizon = () => newest - late - find

  const isLate = (time: number): boolean => {
    if (time >= newest - late) {
      lateInARow = 0
      newest = Math.max(newest, time)
      return false
    }
    lateInARow += 1
    if (lateInARow < SET_BACK) return true
    lateInARow = 0
    setBack += 1
    newest = time
    sweepAt = time
    return false
  }

  /** Makes room: the idle leave, and if that is not enough, those that failed once, then those that failed least. */
  const sweep = () => {
    sweepAt = newest + find + late
    for (const [key, time] of once) {
      if (time >= horizon()) break
      once.delete(key)
    }
    for (const link of several.links()) {
      if ((link.kept.at(-1) as number) >= horizon()) break
      several.delete(link)
    }
    // an eighth at a time: a Map that is kept full to the brim copies itself for every few that come
    let surplus = size() - keys
    if (surplus < 0) return
    surplus += 1 + Math.floor(keys / 8)
    for (const key of once.keys()) {
      if (surplus === 0) return
      once.delete(key)
      evicted += 1
      surplus -= 1
    }
    for (let failures = 1; surplus > 0 && several.size() > 0; failures++) {
      for (const link of several.links()) {
        if (surplus === 0) return
        if (link.kept.length > failures) continue
        several.delete(link)
        evicted += 1
        surplus -= 1
      }
    }
  }

  /** Adds a failure to those of a key, and drops what no line reaches any more. Returns since when the key is banned. */
  const count = (times: number[], time: number): number | undefined => {
    insert(times, time)
    const since = firstOfWindow(times, time, max, find)
    if (since === undefined) while ((times[0] as number) < horizon()) times.shift()
    return since
  }

  const verdict = (since: number | undefined): Verdict =>
    since === undefined ? 'counted' : { since: since + (origin as number), failures: max }

  return {
    observe(key, instant) {
      origin ??= instant
      const time = instant - origin
      if (isLate(time)) return 'late'
      if (newest > sweepAt) sweep()
      const link = several.get(key)
      if (link) {
        const since = count(link.kept, time)
        if (since === undefined) several.touch(link)
        else several.delete(link)
        return verdict(since)
      }
      const single = once.get(key)
      if (single !== undefined) once.delete(key)
      else if (size() >= keys) sweep()
      // most come once and never again: that takes no array
      if (max > 1 && (single === undefined || single < horizon())) {
        once.set(key, time)
        return 'counted'
      }
      const times = single === undefined ? [] : [single]
      const since = count(times, time)
      if (since === undefined) several.add(key, times)
      return verdict(since)
    },
    size,
    evicted: () => evicted,
    setBack: () => setBack,
  }
}

/** Keeps the times in order; nearly always the new one is the last. */
function insert(times: number[], time: number): void {
  let at = times.length
  while (at > 0 && (times[at - 1] as number) > time) at -= 1
  if (at === times.length) times.push(time)
  else times.splice(at, 0, time)
}

/** The oldest of `max` times within `find`, the newly come one among them; `undefined` where there are none. */
function firstOfWindow(times: number[], time: number, max: number, find: number): number | undefined {
  if (times.length < max) return undefined
  const at = times.lastIndexOf(time)
  for (let first = Math.max(0, at - max + 1); first <= at && first + max <= times.length; first++) {
    if ((times[first + max - 1] as number) - (times[first] as number) <= find) return times[first]
  }
  return undefined
}
