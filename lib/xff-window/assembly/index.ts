/**
 * Requests in the shape in which uwsgi-parse writes them, read where they lie. A line of any other shape is left to the
 * host, which has the full parser.
 */
import { lineEnd, NEWLINE } from '../../fast/assembly/bytes'
import { indexOf } from '../../fast/assembly/cache'
import { countRead, isCounting, isShort } from './counting'
import { countFailure, countFailureOf, countUnattributed, parseFully } from './host'
import { clientEntry, clientNumber, isKnown, isNumber, readRequest, status, time } from './request'
import { tell } from './told'

export { MAX_ENTRIES } from '../../fast/assembly/cache'
export { COPY_BYTES, copiedInput, firstInput, secondInput } from '../../fast/assembly/input-buffers'
export { clearOutput, output, written } from './ban-json'
export { lateLines } from './clocks'
export {
  bans,
  beginCounting,
  countHosts,
  endInput,
  endStretch,
  hostKey,
  ignored,
  keepHosts,
} from './counting'
export { seedHash } from './keys'
export { readNumbers } from './request'
export { bareIndex, told } from './told'
export { spared } from './waiting'
export { evicted, limit, size } from './window'

/** By status: 1 where it is a failure. */
export const failing = heap.alloc(1000)

// what was in the lines that were last read, without those that the host read
export let requests: i32 = 0
export let failures: i32 = 0
export let unattributed: i32 = 0
/** the first and the last instant of the requests, in milliseconds since 1970; infinite where there were none */
export let oldest: f64 = Infinity
export let newest: f64 = -Infinity

/** Reads whole lines, the last of which may lack its newline. @returns how many there were */
export function read(first: usize, size: usize): i32 {
  const end = first + size
  store<u8>(end, NEWLINE)
  requests = failures = unattributed = 0
  oldest = Infinity
  newest = -Infinity
  let lines: i32 = 0
  for (let start = first; start < end; ) {
    const newline = lineEnd(start)
    lines += 1
    if (!readRequest(start, newline, isCounting)) parseFully(start, newline, lines)
    else if (load<u8>(failing + status) === 0) countRequest()
    else if (isCounting && !isShort()) parseFully(start, newline, lines)
    else {
      countRequest()
      failures += 1
      if (!isKnown) unattributed += 1
      if (!isCounting) tellFailure(start, newline)
      else if (isKnown) countRead()
    }
    start = newline + 1
  }
  return lines
}

/** Has the host count the failure that was last read. */
function tellFailure(start: usize, newline: usize): void {
  tell()
  if (!isKnown) countUnattributed(time, start, newline)
  else if (isNumber) countFailureOf(clientNumber, time, start, newline)
  else countFailure(indexOf(clientEntry), time, start, newline)
}

function countRequest(): void {
  requests += 1
  oldest = min(oldest, time)
  newest = max(newest, time)
}
