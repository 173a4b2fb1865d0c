/*
 * The times of a key that failed several times, in order: how many there may be, how many there are, and behind that
 * each as a number of eight bytes. What is freed is used again for as many.
 */

const COUNT: usize = 4
const HEAD: usize = 8
const LEAST: u32 = 4
/** By the power of two of what they hold, those that are free. */
const freeOf = new StaticArray<usize>(32)

export function newTimes(): usize {
  return take(LEAST)
}

function take(capacity: u32): usize {
  const power = ctz(capacity)
  let times = freeOf[power]
  if (times !== 0) freeOf[power] = load<u32>(times, COUNT)
  else times = heap.alloc(HEAD + <usize>capacity * 8)
  store<u32>(times, capacity)
  store<u32>(times, 0, COUNT)
  return times
}

export function freeTimes(times: usize): void {
  const power = ctz(load<u32>(times))
  store<u32>(times, <u32>freeOf[power], COUNT)
  freeOf[power] = times
}

export function countOf(times: usize): i32 {
  return load<u32>(times, COUNT)
}

export function timeAt(times: usize, index: i32): f64 {
  return load<f64>(times + HEAD + 8 * <usize>index)
}

/** Where the time stands that was last inserted. */
export let insertedAt: i32 = 0

/** Keeps the times in order; nearly always the new one is the last. @returns where they are from now on */
export function insert(times: usize, time: f64): usize {
  const count = countOf(times)
  let list = times
  if (<u32>count === load<u32>(times)) {
    list = take(2 * <u32>count)
    memory.copy(list + HEAD, times + HEAD, 8 * <usize>count)
    freeTimes(times)
  }
  let at = count
  while (at > 0 && timeAt(list, at - 1) > time) at -= 1
  const place = list + HEAD + 8 * <usize>at
  memory.copy(place + 8, place, 8 * <usize>(count - at))
  store<f64>(place, time)
  store<u32>(list, count + 1, COUNT)
  insertedAt = at
  return list
}

/** Drops those before a time. */
export function dropBefore(times: usize, oldest: f64): void {
  const count = countOf(times)
  let first = 0
  while (first < count && timeAt(times, first) < oldest) first += 1
  if (first === 0) return
  memory.copy(times + HEAD, times + HEAD + 8 * <usize>first, 8 * <usize>(count - first))
  store<u32>(times, count - first, COUNT)
}

/** The oldest of `most` times within `find`, the one that was last inserted among them; NaN where there are none. */
export function firstOfWindow(times: usize, most: i32, find: f64): f64 {
  const count = countOf(times)
  const at = insertedAt
  for (let first = max(0, at - most + 1); first <= at && first + most <= count; first++) {
    const oldest = timeAt(times, first)
    if (timeAt(times, first + most - 1) - oldest <= find) return oldest
  }
  return NaN
}
