/*
 * The entries of the table of keys, and two lists of them in the order of the latest failure: of the keys that failed
 * once, and of those that failed several times. An entry is
 *
 *     0 high half of the key    8 low half    16 the time, or where the times are    24 older, and which list    28 newer
 *
 * What is freed is used again, and nothing is given back: the memory of the module only grows.
 */

const ENTRY_BYTES: usize = 32
const VALUE: usize = 16
const OLDER: usize = 24
const NEWER: usize = 28
/** In the lowest bit of `older`, which is zero in an address. */
const SEVERAL: usize = 1

/** How many entries are made at a time. */
const ENTRIES_PER_CHUNK: usize = 8192
let fresh: usize = 0
let freshEnd: usize = 0
let free: usize = 0
// memory that was taken over
let spare: usize = 0
let spareEnd: usize = 0

class List {
  oldest: usize = 0
  newest: usize = 0
  size: i32 = 0
  constructor(readonly flag: usize) {}
}

export const once = new List(0)
export const several = new List(SEVERAL)

/** An entry that is in no list. */
export function newEntry(high: u64, low: u64): usize {
  let entry = free
  if (entry !== 0) free = load<u32>(entry, NEWER)
  else {
    if (fresh === freshEnd) addEntries()
    entry = fresh
    fresh += ENTRY_BYTES
  }
  store<u64>(entry, high)
  store<u64>(entry, low, 8)
  return entry
}

function addEntries(): void {
  if (spare !== 0) {
    fresh = spare
    freshEnd = spareEnd
    spare = 0
  } else {
    fresh = heap.alloc(ENTRIES_PER_CHUNK * ENTRY_BYTES)
    freshEnd = fresh + ENTRIES_PER_CHUNK * ENTRY_BYTES
  }
}

/** Makes the next entries in memory that the table of keys has left: a multiple of their size. */
export function takeOver(start: usize, bytes: usize): void {
  spare = start
  spareEnd = start + bytes
}

export function freeEntry(entry: usize): void {
  store<u32>(entry, <u32>free, NEWER)
  free = entry
}

export function isSeveral(entry: usize): bool {
  return (load<u32>(entry, OLDER) & <u32>SEVERAL) !== 0
}

export function newerThan(entry: usize): usize {
  return load<u32>(entry, NEWER)
}

function olderThan(entry: usize): usize {
  return load<u32>(entry, OLDER) & ~(<u32>SEVERAL)
}

/** Adds an entry as the newest of those that failed once, or several times. */
export function append(entry: usize, toSeveral: bool): void {
  const list = toSeveral ? several : once
  store<u32>(entry, <u32>(list.newest | list.flag), OLDER)
  store<u32>(entry, 0, NEWER)
  if (list.newest !== 0) store<u32>(list.newest, <u32>entry, NEWER)
  else list.oldest = entry
  list.newest = entry
  list.size += 1
}

/** Takes an entry out of its list; which one came behind it can still be asked. */
export function unlink(entry: usize): void {
  const list = isSeveral(entry) ? several : once
  const older = olderThan(entry)
  const newer = newerThan(entry)
  if (older !== 0) store<u32>(older, <u32>newer, NEWER)
  else list.oldest = newer
  if (newer !== 0) store<u32>(newer, <u32>(older | list.flag), OLDER)
  else list.newest = older
  list.size -= 1
}

/** Makes an entry the newest of those that failed once, or several times. */
export function move(entry: usize, toSeveral: bool): void {
  unlink(entry)
  append(entry, toSeveral)
}

/** The time of a key that failed once. */
export function timeOf(entry: usize): f64 {
  return load<f64>(entry, VALUE)
}

export function setTime(entry: usize, time: f64): void {
  store<f64>(entry, time, VALUE)
}

/** Where the times are of a key that failed several times. */
export function timesOf(entry: usize): usize {
  return load<u32>(entry, VALUE)
}

export function setTimes(entry: usize, times: usize): void {
  store<u32>(entry, <u32>times, VALUE)
}
