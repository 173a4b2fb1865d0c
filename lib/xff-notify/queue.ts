/** First in, first out, by weight; taking out costs the same however many wait. */
export interface Queue<T> {
  readonly length: number
  /** of all that waits */
  readonly weight: number
  put: (item: T) => void
  /** The oldest, up to so many. */
  take: (count: number) => T[]
}

export function createQueue<T>(weigh: (item: T) => number): Queue<T> {
  let items: T[] = []
  // the taken ones stay in front of it, until they are half of the array
  let first = 0
  let weight = 0
  return {
    get length() {
      return items.length - first
    },
    get weight() {
      return weight
    },
    put(item) {
      items.push(item)
      weight += weigh(item)
    },
    take(count) {
      const taken = items.slice(first, first + count)
      for (const item of taken) weight -= weigh(item)
      first += taken.length
      if (first > items.length / 2) {
        items = items.slice(first)
        first = 0
      }
      return taken
    },
  }
}
