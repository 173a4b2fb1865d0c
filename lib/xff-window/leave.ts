import type { Entry, LruMap } from './lru-map.js'

/** How many keys that are not idle a sweep passes in search of idle ones, as some are out of order. */
export const MAX_PASSED_KEYS = 64

/** Has those leave whose newest failure is before a time; they stand in the order of the latest failure. */
export function dropIdle<T>(
  map: LruMap<T>,
  oldest: number,
  newestOf: (value: T) => number | undefined,
): void {
  const passed: Entry<T>[] = []
  for (const entry of map.entries()) {
    const isIdle = (newestOf(entry.value) ?? Number.NEGATIVE_INFINITY) < oldest
    if (!isIdle && passed.length === MAX_PASSED_KEYS) break
    if (isIdle) map.delete(entry)
    else passed.push(entry)
  }
  for (const entry of passed) map.touch(entry)
}

/** Has those leave that failed least, until it is enough. @returns how many */
export function evictFewest<T>(
  map: LruMap<T>,
  failuresOf: (value: T) => number,
  isEnough: (evicted: number) => boolean,
): number {
  let evicted = 0
  for (let failures = 1; !isEnough(evicted) && map.size() > 0; failures++) {
    for (const entry of map.entries()) {
      if (isEnough(evicted)) return evicted
      if (failuresOf(entry.value) > failures) continue
      map.delete(entry)
      evicted += 1
    }
  }
  return evicted
}
