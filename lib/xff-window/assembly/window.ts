import { allowLate, observeClock, slowest } from './clocks'
import { add, drop, find as findKey } from './keys'
import {
  append,
  isSeveral,
  move,
  newerThan,
  once,
  setTime,
  setTimes,
  several,
  timeOf,
  timesOf,
} from './lists'
import { countOf, dropBefore, firstOfWindow, freeTimes, insert, newTimes, timeAt } from './times'

/*
 * The window of window.ts and failure-table.ts beside this folder, which are its definition: the same keys are
 * counted, banned, forgotten and evicted, in the same order.
 */

const MAX_PASSED_KEYS = 64

let most: i32 = 10
let find: f64 = 0
let late: f64 = 0
let keys: i32 = 0
let sweepAt: f64 = -Infinity
/** How many keys had to leave while their failures could still count. */
export let evicted: f64 = 0

/** Times in milliseconds. */
export function limit(max: i32, within: f64, outOfOrder: f64, size: i32): void {
  most = max
  find = within
  late = outOfOrder
  keys = size
  allowLate(outOfOrder)
}

export function failuresOfBan(): i32 {
  return most
}

/** The number of keys. */
export function size(): i32 {
  return once.size + several.size
}

/** Before this time nothing counts any more. */
function horizon(): f64 {
  return slowest - late - find
}

/** Counts a failure of a key. @returns the time of the first of those that make a ban; NaN where they are too few */
export function observe(high: u64, low: u64, time: f64): f64 {
  observeClock(time)
  // a clock that is further behind may have come, too
  const rest = sweepAt - slowest
  if (rest < 0 || rest > 2 * (find + late)) sweep()
  const entry = findKey(high, low)
  if (entry !== 0 && isSeveral(entry)) return countAgain(entry, time)
  if (entry !== 0) return countSecond(entry, time)
  if (size() >= keys) makeRoom()
  if (most === 1) return time
  const added = add(high, low)
  setTime(added, time)
  append(added, false)
  return NaN
}

/** Counts a failure of a key that failed once. */
function countSecond(entry: usize, time: f64): f64 {
  const single = timeOf(entry)
  if (single < horizon()) {
    setTime(entry, time)
    move(entry, false)
    return NaN
  }
  setTimes(entry, insert(newTimes(), single))
  move(entry, true)
  return countAgain(entry, time)
}

/** Counts a failure of a key that failed several times. */
function countAgain(entry: usize, time: f64): f64 {
  const times = insert(timesOf(entry), time)
  setTimes(entry, times)
  const since = firstOfWindow(times, most, find)
  if (isNaN(since)) {
    dropBefore(times, horizon())
    move(entry, true)
  } else dropSeveral(entry)
  return since
}

function dropSeveral(entry: usize): void {
  freeTimes(timesOf(entry))
  drop(entry)
}

/** The idle keys leave. */
function sweep(): void {
  sweepAt = slowest + find + late
  dropIdleSingles()
  dropIdleSeveral()
}

/** The idle keys leave, and if that is not enough, those that failed once, then those that failed least. */
function makeRoom(): void {
  sweep()
  if (size() >= keys) evict(size() - keys + 1 + keys / 8)
}

function dropIdleSingles(): void {
  const oldest = horizon()
  let left = MAX_PASSED_KEYS
  for (let entry = once.oldest; entry !== 0; ) {
    if (timeOf(entry) >= oldest) {
      if (left === 0) return
      left -= 1
      const next = newerThan(entry)
      move(entry, false)
      entry = next === 0 ? entry : next
    } else {
      const next = newerThan(entry)
      drop(entry)
      entry = next
    }
  }
}

const passed = new StaticArray<usize>(MAX_PASSED_KEYS)

function dropIdleSeveral(): void {
  const oldest = horizon()
  let count = 0
  for (let entry = several.oldest; entry !== 0; ) {
    const next = newerThan(entry)
    const times = timesOf(entry)
    const isIdle = countOf(times) === 0 || timeAt(times, countOf(times) - 1) < oldest
    if (isIdle) dropSeveral(entry)
    else if (count === MAX_PASSED_KEYS) break
    else passed[count++] = entry
    entry = next
  }
  for (let i = 0; i < count; i++) move(passed[i], true)
}

function evict(surplus: i32): void {
  let left = surplus
  while (left > 0 && once.oldest !== 0) {
    drop(once.oldest)
    left -= 1
  }
  for (let failures = 1; left > 0 && several.size > 0; failures++) {
    for (let entry = several.oldest; entry !== 0 && left > 0; ) {
      const next = newerThan(entry)
      if (countOf(timesOf(entry)) <= failures) {
        dropSeveral(entry)
        left -= 1
      }
      entry = next
    }
  }
  evicted += <f64>(surplus - left)
}
