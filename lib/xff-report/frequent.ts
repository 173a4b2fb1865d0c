import { copyOf } from '../text/copy.js'

/** How often a key occurred. */
export interface Frequency {
  /** occurrences while the key was tracked: a lower bound */
  count: number
  /** occurrences before that, at most */
  uncounted: number
}

interface Tracked<T> extends Frequency {
  /** what the purges have left of the count; keys without weight are removed */
  weight: number
  details: T
}

/** A frequent key with its details. */
export interface Frequent<T> extends Frequency {
  key: string
  details: T
}

export interface Counter<T> {
  /** Counts a key, which may be a part of a longer text. @returns its details, for the caller to update */
  count: (key: string | number) => T
  /** The most frequent keys, those with equal counts in the order of their texts. */
  top: (limit: number) => Frequent<T>[]
  size: () => number
  /** Whether every key that ever occurred is still tracked: then all counts are exact. */
  complete: () => boolean
}

/**
 * Counts the frequent keys of an endless stream in bounded memory. When `capacity` keys are tracked, the median
 * weight is subtracted from all of them, and keys without weight are removed (reverse purge: Anderson et al.,
 * "A High-Performance Algorithm for Identifying Frequent Items in Data Streams", 2017). A key that makes up more than
 * one in `capacity / 2` is never lost, however many keys an attacker invents.
 * @param fresh the details of a new key; it may use those again that a key has left behind
 * @param textOf the text of a key that is no text
 */
export function createCounter<T>(
  fresh: (left?: T) => T,
  capacity = 10_000,
  textOf: (key: string | number) => string = String,
): Counter<T> {
  const tracked = new Map<string | number, Tracked<T>>()
  // where each key is another one, new objects for each would mostly be work for the collector of garbage
  const left: Tracked<T>[] = []
  let purged = 0

  const purge = () => {
    const weights = new Float64Array(tracked.size)
    let i = 0
    for (const { weight } of tracked.values()) weights[i++] = weight
    const median = weights.sort()[weights.length >> 1] ?? 0
    purged += median
    for (const [key, entry] of tracked) {
      entry.weight -= median
      if (entry.weight > 0) continue
      tracked.delete(key)
      left.push(entry)
    }
  }

  const add = (key: string | number): Tracked<T> => {
    if (tracked.size >= capacity) purge()
    const known = left.pop()
    const entry = known ?? { count: 0, uncounted: 0, weight: 0, details: fresh() }
    if (known) {
      known.count = known.weight = 0
      known.details = fresh(known.details)
    }
    entry.uncounted = purged
    tracked.set(typeof key === 'string' ? copyOf(key) : key, entry)
    return entry
  }

  return {
    count(key) {
      const entry = tracked.get(key) ?? add(key)
      entry.count += 1
      entry.weight += 1
      return entry.details
    },
    top: limit =>
      [...tracked]
        .map(([key, { count, uncounted, details }]) => ({ key: textOf(key), count, uncounted, details }))
        .sort((a, b) => b.count - a.count || (a.key < b.key ? -1 : 1))
        .slice(0, limit),
    size: () => tracked.size,
    complete: () => purged === 0,
  }
}
