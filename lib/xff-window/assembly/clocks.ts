/*
 * As clocks.ts beside this folder, which says why: a line is dated by the clock whose newest line it is nearest to. The
 * current clock is the first, and the others stand in the order in which they were last used.
 */

const MAX_CLOCKS = 8
const MAX_UNUSED_LINES: f64 = 1000
const MIN_REACH_MS: f64 = 1000

const newestOf = new StaticArray<f64>(MAX_CLOCKS)
const lastLineOf = new StaticArray<f64>(MAX_CLOCKS)
let count = 0
// while they are put into another order
const formerNewest = new StaticArray<f64>(MAX_CLOCKS)
const formerLine = new StaticArray<f64>(MAX_CLOCKS)

let late: f64 = 0
let ahead: f64 = MIN_REACH_MS
let lines: f64 = 0

/** The newest time of the clock that is furthest behind. */
export let slowest: f64 = -Infinity
/** How many lines were further than `late` behind the one before them. */
export let lateLines: f64 = 0

/** @param by how far out of order lines may come, in milliseconds */
export function allowLate(by: f64): void {
  late = by
  ahead = max(by, MIN_REACH_MS)
}

/** Takes a line with this time. */
export function observeClock(time: f64): void {
  lines += 1
  if (count === 0 || !isNear(newestOf[0], time) || !(count === 1 || isOrdinary(time))) {
    change(time)
    return
  }
  lastLineOf[0] = lines
  if (time <= newestOf[0]) return
  newestOf[0] = time
  findSlowest()
}

function isNear(newest: f64, time: f64): bool {
  return time - newest <= ahead && newest - time <= late
}

/** Whether a time that is near the current clock changes nothing but that. */
function isOrdinary(time: f64): bool {
  const newest = max(newestOf[0], time)
  const distance = abs(newestOf[0] - time)
  for (let i = 1; i < count; i++) {
    if (abs(newestOf[i] - time) < distance || abs(newestOf[i] - newest) <= late) return false
    if (lines - lastLineOf[i] >= MAX_UNUSED_LINES) return false
  }
  return true
}

/** Dates a line by the clock that it is nearest to, or by a new one. */
function change(time: f64): void {
  if (count > 0 && time < newestOf[0] - late) lateLines += 1
  let found = -1
  for (let i = 0; i < count; i++) {
    if (!isNear(newestOf[i], time)) continue
    if (found < 0 || abs(newestOf[i] - time) < abs(newestOf[found] - time)) found = i
  }
  const newest = found < 0 ? time : max(newestOf[found], time)
  let furthest = newest
  let kept = 1
  for (let i = 0; i < count; i++) {
    formerNewest[i] = newestOf[i]
    formerLine[i] = lastLineOf[i]
  }
  for (let i = 0; i < count; i++) {
    if (i === found) continue
    // what has caught up with another one is the same from then on
    if (abs(formerNewest[i] - newest) <= late) furthest = max(furthest, formerNewest[i])
    else if (lines - formerLine[i] < MAX_UNUSED_LINES && kept < MAX_CLOCKS) {
      newestOf[kept] = formerNewest[i]
      lastLineOf[kept] = formerLine[i]
      kept += 1
    }
  }
  newestOf[0] = furthest
  lastLineOf[0] = lines
  count = kept
  findSlowest()
}

function findSlowest(): void {
  slowest = newestOf[0]
  for (let i = 1; i < count; i++) slowest = min(slowest, newestOf[i])
}
