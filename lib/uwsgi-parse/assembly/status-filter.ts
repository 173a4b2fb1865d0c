import { ascii, digitsBefore, lengthOf, mismatch, SPACE, ZERO } from '../../fast/assembly/bytes'

/** LINE_BYTES of layout/uwsgi.ts: what is longer has something else in it. */
const FULL: usize = 4096
/** How much of its tail is looked at: enough for numbers of common length. */
const TAIL: usize = 60
const CLOSE: u8 = 0x29

const HEAD = ascii('[pid: ')
// as they stand behind one another at the end of a line, with numbers between them
const BEHIND_STATUS = ascii(') ')
const HEADERS_IN = ascii(' headers in ')
const BYTES = ascii(' bytes (')
const SWITCHES = ascii(' switches on')
const CORE = ascii(' core ')

/**
 * Where the three digits of the status stand in a line of uWSGI's own layout: whose status nobody asked for need not
 * be read, and those are most lines of most logs. What jumps cost more than all the rest, since no two lines are alike:
 * so the whole tail is looked at, and what is wrong is added up.
 * Two exceptions follow, the only ones to what the full parser would make of a log: a line with the head and the tail of
 * a request and something else between them, which uWSGI never writes, is counted as a request; and around the hour that
 * comes twice, a log that is out of order by more than a day may be dated otherwise, since lines are missing.
 * @returns 0 for a line that it is not sure of: one with anything before `[pid: `, or with a tail that is not exactly
 *   `… STATUS) N headers in N bytes (N switches on core N)`
 */
export function findStatus(start: usize, end: usize): usize {
  const digits = digitsBefore(end)
  let at = end - 1
  const core = runBefore(at, end, digits)
  at -= core + lengthOf(CORE)
  let wrong = mismatch(at, CORE)
  at -= lengthOf(SWITCHES)
  wrong |= mismatch(at, SWITCHES)
  const switches = runBefore(at, end, digits)
  at -= switches + lengthOf(BYTES)
  wrong |= mismatch(at, BYTES)
  const bytes = runBefore(at, end, digits)
  at -= bytes + lengthOf(HEADERS_IN)
  wrong |= mismatch(at, HEADERS_IN)
  const headers = runBefore(at, end, digits)
  at -= headers + lengthOf(BEHIND_STATUS)
  wrong |= mismatch(at, BEHIND_STATUS) | mismatch(start, HEAD)
  const three = runBefore(at, end, digits)
  if (wrong !== 0 || end - at > TAIL || end - start > FULL || load<u8>(end - 1) !== CLOSE) return 0
  if (!isNumber(core) || !isNumber(switches) || !isNumber(bytes) || !isNumber(headers) || three !== 3)
    return 0
  at -= three
  // what stands before the line is no part of it
  return at > start && load<u8>(at - 1) === SPACE && load<u8>(at) !== ZERO ? at : 0
}

/** How many digits stand before a place in the tail, which ends at `end`. */
function runBefore(at: usize, end: usize, digits: u64): usize {
  return <usize>clz(~(digits << (<u64>(end - at))))
}

function isNumber(length: usize): bool {
  return length > 0 && length <= 10
}
