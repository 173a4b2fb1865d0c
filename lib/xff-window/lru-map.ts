/** An entry, and its neighbours in the order of the last touch. */
export interface Entry<T> {
  readonly key: string
  readonly value: T
  older: Entry<T> | undefined
  newer: Entry<T> | undefined
}

/** A map in the order of the last touch. To move an entry of a Map to its end costs several times as much. */
export interface LruMap<T> {
  size: () => number
  get: (key: string) => Entry<T> | undefined
  /** Adds a key that is not there yet, as the newest. */
  add: (key: string, value: T) => void
  /** Makes it the newest. */
  touch: (entry: Entry<T>) => void
  delete: (entry: Entry<T>) => void
  /** From the oldest on; the current one may be deleted meanwhile. */
  entries: () => Iterable<Entry<T>>
}

export function createLruMap<T>(): LruMap<T> {
  const byKey = new Map<string, Entry<T>>()
  let oldest: Entry<T> | undefined
  let newest: Entry<T> | undefined

  const unlink = ({ older, newer }: Entry<T>) => {
    if (older) older.newer = newer
    else oldest = newer
    if (newer) newer.older = older
    else newest = older
  }
  const append = (entry: Entry<T>) => {
    entry.older = newest
    entry.newer = undefined
    if (newest) newest.newer = entry
    else oldest = entry
    newest = entry
  }

  return {
    size: () => byKey.size,
    get: key => byKey.get(key),
    add(key, value) {
      const entry = { key, value, older: undefined, newer: undefined }
      byKey.set(key, entry)
      append(entry)
    },
    touch(entry) {
      unlink(entry)
      append(entry)
    },
    delete(entry) {
      byKey.delete(entry.key)
      unlink(entry)
    },
    *entries() {
      for (let entry = oldest; entry; entry = entry.newer) yield entry
    },
  }
}
