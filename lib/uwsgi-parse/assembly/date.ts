import { copy, equals, ZERO } from '../../fast/assembly/bytes'
import { dateOf } from './host'

// the last date: its text, how long it is, and the instant of its minute
const MAX_DATE: usize = 64
const lastDate = heap.alloc(MAX_DATE + 16)
let dateLength: usize = 0
let minute: f64 = NaN
/** The instant of the date that was last read. */
export let lastInstant: f64 = NaN

/** Where the host says how long a date is. */
export function keepDate(length: i32): void {
  dateLength = length
}

/** The end of a date; `lastInstant` is NaN where it means none. @param second where in it the seconds stand; -1 where that is not known */
export function dateEnd(at: usize, end: usize, second: i32): usize {
  if (dateLength === 0 || !isSameMinute(at, second)) {
    dateLength = 0
    lastInstant = dateOf(at, end)
    minute = second < 0 ? lastInstant : lastInstant - secondsAt(at + <usize>second)
    if (dateLength > MAX_DATE || isNaN(minute)) dateLength = 0
    if (dateLength === 0) return 0
    copy(lastDate, at, dateLength)
  }
  lastInstant = second < 0 ? minute : minute + secondsAt(at + <usize>second)
  return at + dateLength
}

/** Whether a date differs from the last one in its seconds at most. */
function isSameMinute(at: usize, second: i32): bool {
  if (second < 0) return equals(at, lastDate, dateLength)
  const behind = <usize>second + 2
  return equals(at, lastDate, second) && equals(at + behind, lastDate + behind, dateLength - behind)
}

/** Two digits of seconds, in milliseconds; NaN for others. */
function secondsAt(at: usize): f64 {
  const ten = load<u8>(at) - ZERO
  const one = load<u8>(at, 1) - ZERO
  return ten > 5 || one > 9 ? NaN : <f64>(<i32>ten * 10 + <i32>one) * 1000
}
