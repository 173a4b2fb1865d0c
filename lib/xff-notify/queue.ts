/** First in, first out, with a total weight; takes amortised constant time per item. */
export interface Queue<T> {
  readonly length: number
  /** of all items in it */
  readonly weight: number
  put: (item: T) => void
  /** Removes and returns the oldest items, `count` at most. */
  take: (count: number) => T[]
}

export function createQueue<T>(weigh: (item: T) => number): Queue<T> {
  let items: T[] = []
  // items before this index are taken; they are removed once they are half of the array
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
