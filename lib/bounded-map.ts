/** What share of the entries leaves at once: one by one, each would have to find its way past those deleted before. */
const EVICTED_SHARE = 1 / 10

/**
 * A map of at most so many entries, in the order in which they were added: for a new one in a full map the oldest
 * tenth is evicted. As a cache it needs no more; to keep what is used, delete a key before it is set again.
 */
export class BoundedMap<K, V> extends Map<K, V> {
  readonly #maxEntries: number
  /** @param maxEntries from 1 */
  constructor(maxEntries: number) {
    super()
    this.#maxEntries = maxEntries
  }

  override set(key: K, value: V): this {
    if (this.size >= this.#maxEntries && !this.has(key)) this.#evict()
    return super.set(key, value)
  }

  /** The value of a key; one that is not there is made, and kept. */
  getOrMake(key: K, make: (key: K) => V): V {
    const known = this.get(key)
    if (known !== undefined) return known
    const made = make(key)
    this.set(key, made)
    return made
  }

  #evict(): void {
    let surplus = Math.ceil(this.#maxEntries * EVICTED_SHARE)
    for (const oldest of this.keys()) {
      if (surplus === 0) return
      this.delete(oldest)
      surplus -= 1
    }
  }
}
