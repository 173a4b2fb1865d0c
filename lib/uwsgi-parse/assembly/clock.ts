import { copy, equals, SPACE, ZERO } from '../../fast/assembly/bytes'
import { instantOf, writeMinute } from './host'

/** The length of a date, as `Sun Nov 22 14:06:08 2026`. */
export const DATE: usize = 24
// where its parts begin
const SECOND: usize = 17
const YEAR: usize = 20

/** Whether a time can be written. */
export function isInRange(time: f64): bool {
  return time >= 0 && time < END_OF_TIME_MS
}

const MINUTE: f64 = 60_000
/** The year 10000, in milliseconds since 1970: from there on ISO 8601 needs a sign. */
const END_OF_TIME_MS: f64 = 253_402_300_800_000

const lastDate = heap.alloc(2 * DATE)
/** When the minute of the last date began. */
let dateMinute: f64 = NaN

// the beginning of a time, up to its seconds, as last written
const HEAD: usize = 17
const head = heap.alloc(2 * HEAD)
let headMinute: f64 = NaN

/** The newest time of all lines read. */
export let newest: f64 = -Infinity

/** When a request ended that began at a date; NaN where that is no instant that can be told from the line alone. */
export function timeOf(date: usize, msecs: i32): f64 {
  const ten = load<u8>(date + SECOND) - ZERO
  const one = load<u8>(date + SECOND + 1) - ZERO
  if (ten > 5 || one > 9 || load<u8>(date + SECOND + 2) !== SPACE) return NaN
  const second: f64 = (<f64>ten * 10 + <f64>one) * 1000
  if (!equals(date, lastDate, SECOND) || load<u32>(date + YEAR) !== load<u32>(lastDate + YEAR)) {
    copy(lastDate, date, DATE)
    dateMinute = instantOf(date) - second
  }
  const time = dateMinute + second + <f64>msecs
  if (!isInRange(time)) return NaN
  sawTime(time)
  return time
}

/** A request ended then. */
export function sawTime(time: f64): void {
  if (time > newest) newest = time
}

/** Writes `2026-11-22T14:06:08.123`. Returns where that ends. */
export function putTime(to: usize, time: f64): usize {
  if (!(time >= headMinute && time < headMinute + MINUTE)) {
    headMinute = Math.floor(time / MINUTE) * MINUTE
    writeMinute(head, headMinute)
  }
  const at = copy(to, head, HEAD)
  const millis = <u32>(time - headMinute)
  const second = millis / 1000
  const rest = millis % 1000
  store<u8>(at, ZERO + <u8>(second / 10))
  store<u8>(at, ZERO + <u8>(second % 10), 1)
  store<u8>(at, 0x2e, 2)
  store<u8>(at, ZERO + <u8>(rest / 100), 3)
  store<u8>(at, ZERO + <u8>((rest / 10) % 10), 4)
  store<u8>(at, ZERO + <u8>(rest % 10), 5)
  return at + 6
}
