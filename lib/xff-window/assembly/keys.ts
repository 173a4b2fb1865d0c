import { freeEntry, newEntry, unlink } from './lists'

/*
 * The entries by their keys: a hash table with linear probing that grows as they become more. Whoever chooses keys must
 * not choose where they fall, so each run hashes in a way of its own.
 */

const FIRST_SLOTS: usize = 1 << 12
let slots = heap.alloc(4 * FIRST_SLOTS)
let mask: usize = FIRST_SLOTS - 1
let used: usize = 0
memory.fill(slots, 0, 4 * FIRST_SLOTS)

let seed: u64 = 0

/** @param first, second random numbers of 32 bits */
export function seedHash(first: u32, second: u32): void {
  seed = ((<u64>first) << 32) | second
}

/** A hash of a key, of 32 bits. */
export function hashOfKey(high: u64, low: u64): usize {
  let hash = (high ^ seed) * 0x13c6ef372fe94f
  hash = ((hash ^ (hash >> 32)) + low) * 0x1d8af066e1ad4b
  hash = (hash ^ (hash >> 29) ^ seed) * 0x165667b19e3779
  return <usize>(hash >> 32)
}

function slotOf(high: u64, low: u64): usize {
  return hashOfKey(high, low) & mask
}

function entryAt(slot: usize): usize {
  return load<u32>(slots + 4 * slot)
}

function put(slot: usize, entry: usize): void {
  store<u32>(slots + 4 * slot, <u32>entry)
}

/** The entry of a key; 0 where there is none. */
export function find(high: u64, low: u64): usize {
  let slot = slotOf(high, low)
  let entry = entryAt(slot)
  while (entry !== 0 && (load<u64>(entry, 8) !== low || load<u64>(entry) !== high)) {
    slot = (slot + 1) & mask
    entry = entryAt(slot)
  }
  return entry
}

/** Adds a key that is not there, to no list yet. */
export function add(high: u64, low: u64): usize {
  if (used > mask / 2) grow()
  used += 1
  const entry = newEntry(high, low)
  insert(entry)
  return entry
}

function insert(entry: usize): void {
  let slot = slotOf(load<u64>(entry), load<u64>(entry, 8))
  while (entryAt(slot) !== 0) slot = (slot + 1) & mask
  put(slot, entry)
}

function grow(): void {
  const former = slots
  const count = mask + 1
  slots = heap.alloc(8 * count)
  memory.fill(slots, 0, 8 * count)
  mask = 2 * count - 1
  for (let slot: usize = 0; slot < count; slot++) {
    const entry: usize = load<u32>(former + 4 * slot)
    if (entry !== 0) insert(entry)
  }
}

/** Drops an entry from its list and the table. */
export function drop(entry: usize): void {
  unlink(entry)
  let hole = slotOf(load<u64>(entry), load<u64>(entry, 8))
  while (entryAt(hole) !== entry) hole = (hole + 1) & mask
  // those behind it move up, unless they stand where they belong or before that
  for (let slot = (hole + 1) & mask; ; slot = (slot + 1) & mask) {
    const other = entryAt(slot)
    if (other === 0) break
    const own = slotOf(load<u64>(other), load<u64>(other, 8))
    if (((slot - own) & mask) < ((slot - hole) & mask)) continue
    put(hole, other)
    hole = slot
  }
  put(hole, 0)
  used -= 1
  freeEntry(entry)
}
