/** How often a key came. */
export interface Frequency {
  /** since the key is watched: never too high */
  count: number
  /** how often it may have come before that, at the most */
  unseen: number
}

interface Watched<T> extends Frequency {
  /** what is left of the count after the purges: it decides who leaves */
  weight: number
  details: T
}

/** A frequent key with what was kept about it. */
export interface Frequent<T> extends Frequency {
  key: string
  details: T
}

export interface Counter<T> {
  /** Counts a key; its details are there to be written. */
  count: (key: string) => T
  /** The most frequent keys, those that came equally often in the order of their texts. */
  top: (most: number) => Frequent<T>[]
  size: () => number
  /** Whether every key that ever came is still watched: then all counts are exact. */
  complete: () => boolean
}

/**
 * Counts the frequent keys of an endless stream in bounded memory. When `capacity` keys are watched, the
 * median weight is taken off all of them, and those with nothing left leave (reverse purge: Anderson et al.,
 * "A High-Performance Algorithm for Identifying Frequent Items in Data Streams", 2017). A key in every
 * `capacity / 2` is never lost, however many others are made up to push it out.
 */
export function createCounter<T>(fresh: () => T, capacity = 10_000): Counter<T> {
  const watched = new Map<string, Watched<T>>()
  let purged = 0

  const purge = () => {
    const weights = Float64Array.from(watched.values(), ({ weight }) => weight).sort()
    const median = weights[weights.length >> 1] as number
    purged += median
    for (const [key, entry] of watched) {
      entry.weight -= median
      if (entry.weight <= 0) watched.delete(key)
    }
  }

  return {
    count(key) {
      let entry = watched.get(key)
      if (!entry) {
        if (watched.size >= capacity) purge()
        entry = { count: 0, unseen: purged, weight: 0, details: fresh() }
        watched.set(key, entry)
      }
      entry.count += 1
      entry.weight += 1
      return entry.details
    },
    top: most =>
      [...watched]
        .map(([key, { count, unseen, details }]) => ({ key, count, unseen, details }))
        .sort((a, b) => b.count - a.count || (a.key < b.key ? -1 : 1))
        .slice(0, most),
    size: () => watched.size,
    complete: () => purged === 0,
  }
}
