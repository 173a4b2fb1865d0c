/**
 * Log lines from bytes to bytes: sieve.ts finds the status, steps.ts takes the line apart, record.ts writes its record. What
 * is out of the ordinary in any way is left to the host, which has the full grammar.
 */
import { lineEnd, NEWLINE, numberAt } from '../../fast/assembly/bytes'
import { clientIn, isPrivate, isUnknown } from './client'
import { isInRange, sawTime } from './clock'
import { countPrivate, countRecord, parseFully } from './host'
import { writeRecord } from './record'
import { findStatus } from './sieve'
import { addressEnd, addressStart, instant, isWhole, statusAt, takeApart, takesUnknown } from './steps'
import { countFailure, countRequest, isSampled, lookAtTime, saw } from './stretch'

export { COPY_BYTES, copiedInput, firstInput, secondInput } from '../../fast/assembly/input-buffers'
export { CLIENT, keepClient } from './client'
export { newest } from './clock'
export { keepDate } from './date'
export { commit, output, reserve, written } from './output'
export { beginRows, rows } from './record'
export { beginEndSieve, beginQuoteSieve, endRows } from './sieve'
export { beginLines, beginSteps, steps, strings } from './steps'
export {
  beginStretch,
  clearStretch,
  marks,
  stretchClients,
  stretchErrors,
  stretchFailures,
  stretchRequests,
} from './stretch'
export { addRange, beginTrust, hostNetwork } from './trust'

/** By status: 1 where its answers become records. */
export const wanted = heap.alloc(1000)

// what was in the lines that were last read, but for what the host read or counted
export let requests: i32 = 0
export let records: i32 = 0
export let unattributed: i32 = 0

/** How many lines were read, in all. */
let linesInAll: u32 = 0

/** Whether the host still counts each record itself. */
let isWatched = true

/**
 * Whether lines may go unread whose status the sieve finds and nobody wants: not behind one that was read and is no request.
 * So in a log of another layout, none is counted that is none.
 */
let isKnownLayout = false

/** Whether the next line depends on the one that the host has read. */
let isDoubtful = false

export function doubtNext(doubtful: bool): void {
  isDoubtful = doubtful
}

/**
 * Reads whole lines in a room, the last of which may lack its newline.
 * @param maySkip whether lines may go unread whose status nobody wants
 * @returns how many lines there were
 */
export function read(first: usize, size: usize, maySkip: bool): i32 {
  const end = first + size
  // only there: the next piece of a block may lie behind this one
  if (load<u8>(end - 1) !== NEWLINE) store<u8>(end, NEWLINE)
  requests = records = unattributed = 0
  let lines: i32 = 0
  for (let start = first; start < end; ) {
    const newline = lineEnd(start)
    lines += 1
    linesInAll += 1
    const status = isDoubtful ? <usize>0 : findStatus(start, newline)
    const isWanted = status !== 0 && load<u8>(wanted + numberAt(status, status + 3)) !== 0
    // most lines of most logs end here
    if (status !== 0 && !isWanted && maySkip && isKnownLayout && !isSampled(linesInAll)) {
      requests += 1
      countRequest()
    } else {
      const isRequest =
        (!isDoubtful && readOrdinary(start, newline, status)) || parseFully(start, newline, lines)
      if (status !== 0) isKnownLayout = isRequest
    }
    start = newline + 1
  }
  return lines
}

/**
 * Reads an ordinary line, and writes its record if that is wanted.
 * @param found where its status stands; 0: that is not known
 * @returns false for a line that is not ordinary
 */
function readOrdinary(start: usize, end: usize, found: usize): bool {
  if (!isWhole(start, end) || !takeApart(start, end, found)) return false
  if (!isInRange(instant)) return false
  const status = numberAt(statusAt, statusAt + 3)
  const isWanted = load<u8>(wanted + status) !== 0
  if (isWanted || isSampled(linesInAll)) {
    const slot = addressStart()
    const slotEnd = addressEnd()
    const client = clientIn(slot, slotEnd)
    if (client === 0 || (isUnknown(client) && !takesUnknown)) return false
    lookAtTime(instant)
    saw(client)
    if (isWanted) {
      countFailure(status)
      countWanted(client, slot, slotEnd - slot)
      writeRecord(client, end - start)
    }
  }
  sawTime(instant)
  requests += 1
  if (!isWanted) countRequest()
  return true
}

/** Counts a record. */
function countWanted(client: usize, slot: usize, length: usize): void {
  if (isPrivate(client)) countPrivate(slot, length)
  if (isWatched) isWatched = countRecord(slot, length)
  else {
    records += 1
    if (isUnknown(client)) unattributed += 1
  }
}
