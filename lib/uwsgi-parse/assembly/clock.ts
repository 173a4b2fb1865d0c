import { copy, ZERO } from '../../fast/assembly/bytes'
import { writeMinute } from './host'

/** Whether a time can be written. */
export function isInRange(time: f64): bool {
  return time >= 0 && time < END_OF_TIME_MS
}

const MINUTE: f64 = 60_000
/** The year 10000, in milliseconds since 1970: from there on ISO 8601 needs a sign. */
const END_OF_TIME_MS: f64 = 253_402_300_800_000

// the beginning of a time, up to its seconds, as last written
const HEAD: usize = 17
const head = heap.alloc(2 * HEAD)
let headMinute: f64 = NaN

/** The newest time of all lines read. */
export let newest: f64 = -Infinity

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
