import { freeEntry, newEntry, takeOver, unlink } from './lists'

/*
 * The entries by their keys: a hash table with linear probing that grows as they become more. A slot is
 *
 *     0 the entry    4 the hash of its key
 *
 * so that neither a key that stands in the way nor one that moves has to be looked at: where a million addresses fail,
 * each entry that is looked at has to come from memory. Whoever chooses keys must not choose where they fall, so each run
 * hashes in a way of its own.
 */

const SLOT_BYTES: usize = 8
const HASH: usize = 4
const FIRST_SLOTS: usize = 1 << 12
let slots = heap.alloc(SLOT_BYTES * FIRST_SLOTS)
let mask: usize = FIRST_SLOTS - 1
let used: usize = 0
memory.fill(slots, 0, SLOT_BYTES * FIRST_SLOTS)

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

function slotAt(index: usize): usize {
  return slots + SLOT_BYTES * (index & mask)
}

function entryAt(index: usize): usize {
  return load<u32>(slotAt(index))
}

function hashAt(index: usize): usize {
  return load<u32>(slotAt(index), HASH)
}

function put(index: usize, entry: usize, hash: usize): void {
  store<u64>(slotAt(index), ((<u64>hash) << 32) | <u64>entry)
}

/** The entry of a key; 0 where there is none. */
export function find(high: u64, low: u64): usize {
  const hash = hashOfKey(high, low)
  let index = hash
  let entry = entryAt(index)
  while (entry !== 0 && !(hashAt(index) === hash && isOf(entry, high, low))) entry = entryAt(++index)
  return entry
}

function isOf(entry: usize, high: u64, low: u64): bool {
  return load<u64>(entry, 8) === low && load<u64>(entry) === high
}

/** Adds a key that is not there, to no list yet. */
export function add(high: u64, low: u64): usize {
  if (used > mask / 2) grow()
  used += 1
  const entry = newEntry(high, low)
  insert(entry, hashOfKey(high, low))
  return entry
}

function insert(entry: usize, hash: usize): void {
  let index = hash
  while (entryAt(index) !== 0) index += 1
  put(index, entry, hash)
}

function grow(): void {
  const former = slots
  const bytes = SLOT_BYTES * (mask + 1)
  slots = heap.alloc(2 * bytes)
  memory.fill(slots, 0, 2 * bytes)
  mask = 2 * mask + 1
  for (let slot = former; slot < former + bytes; slot += SLOT_BYTES) {
    const entry: usize = load<u32>(slot)
    if (entry !== 0) insert(entry, load<u32>(slot, HASH))
  }
  takeOver(former, bytes)
}

/** Drops an entry from its list and the table. */
export function drop(entry: usize): void {
  unlink(entry)
  let hole = hashOfKey(load<u64>(entry), load<u64>(entry, 8)) & mask
  while (entryAt(hole) !== entry) hole = (hole + 1) & mask
  // those behind it move up, unless they stand where they belong or before that
  for (let index = (hole + 1) & mask; ; index = (index + 1) & mask) {
    const other = entryAt(index)
    if (other === 0) break
    const hash = hashAt(index)
    if (((index - hash) & mask) < ((index - hole) & mask)) continue
    put(hole, other, hash)
    hole = index
  }
  put(hole, 0, 0)
  used -= 1
  freeEntry(entry)
}
