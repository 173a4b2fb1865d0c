/** What is kept of a key, and its neighbours in the order of the last touch; the list ends where it begins. */
export interface Link<T> {
  key: string
  kept: T
  older: Link<T>
  newer: Link<T>
}

/** A map in the order of the last touch. To move an entry of a Map to its end costs several times as much. */
export interface Recency<T> {
  size: () => number
  get: (key: string) => Link<T> | undefined
  /** Adds a key that is not there yet, as the newest. */
  add: (key: string, kept: T) => void
  /** Makes it the newest. */
  touch: (link: Link<T>) => void
  delete: (link: Link<T>) => void
  /** From the oldest on; the one in hand may be deleted. */
  links: () => Iterable<Link<T>>
}

export function createRecency<T>(): Recency<T> {
  const byKey = new Map<string, Link<T>>()
  // older than the oldest, and newer than the newest
  const end = {} as Link<T>
  end.older = end
  end.newer = end

  const leave = ({ older, newer }: Link<T>) => {
    older.newer = newer
    newer.older = older
  }
  const append = (link: Link<T>) => {
    const newest = end.older
    link.older = newest
    link.newer = end
    newest.newer = link
    end.older = link
  }

  return {
    size: () => byKey.size,
    get: key => byKey.get(key),
    add(key, kept) {
      const link = { key, kept, older: end, newer: end }
      byKey.set(key, link)
      append(link)
    },
    touch(link) {
      leave(link)
      append(link)
    },
    delete(link) {
      byKey.delete(link.key)
      leave(link)
    },
    *links() {
      for (let link = end.newer; link !== end; link = link.newer) yield link
    },
  }
}
