import { equals, hashOf } from './bytes'

/*
 * A hash table of fixed size in the memory of the module, for what many lines have in common. A key that falls on
 * entries which are all taken replaces one of them: a clash costs time and nothing else.
 */

/** How many entries there are (a power of two), and on how many of them a key may fall. */
export const MAX_ENTRIES: u32 = 32768
const PROBES: u32 = 4
/** The longest key. */
export const MAX_KEY_BYTES: usize = 96
/** What an entry takes: the key, its length in a byte, and the value. */
export const ENTRY_BYTES: usize = 160
const LENGTH_OFFSET: usize = MAX_KEY_BYTES
/** Where in an entry the value begins; what that is, is the caller's. */
export const VALUE_OFFSET: usize = MAX_KEY_BYTES + 1

const table = heap.alloc(<usize>MAX_ENTRIES * ENTRY_BYTES)

/** Whether the entry that was last found is new, so that its value is still to be written. */
export let isNew = false

/**
 * The entry of a key, as an address: that which the key has, or a new one.
 * @param length MAX_KEY_BYTES at most
 */
export function entryOf(key: usize, length: usize): usize {
  const hash = hashOf(key, length)
  let entry: usize = 0
  for (let i: u32 = 0; i < PROBES; i++) {
    entry = table + <usize>((hash + i) & (MAX_ENTRIES - 1)) * ENTRY_BYTES
    const known: usize = load<u8>(entry, LENGTH_OFFSET)
    if (known === length && equals(key, entry, length)) {
      isNew = false
      return entry
    }
    if (known === 0) break
  }
  memory.copy(entry, key, length)
  store<u8>(entry, <u8>length, LENGTH_OFFSET)
  isNew = true
  return entry
}

/** The index of an entry, from 0. */
export function indexOf(entry: usize): u32 {
  return <u32>((entry - table) / ENTRY_BYTES)
}
