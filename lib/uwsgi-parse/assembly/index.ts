/**
 * The lines of uWSGI's own layout, from bytes to bytes. What is out of the ordinary in any way is left to the host, which
 * has the full grammar.
 */
import { lineEnd, NEWLINE, numberAt } from '../../fast/assembly/bytes'
import { clientIn, isPrivate, isUnknown } from './client'
import { timeOf } from './clock'
import { countPrivate, countRecord, parseFully } from './host'
import { write } from './record'
import { dateStart, isOneHop, msecsEnd, msecsStart, slotEnd, slotStart, takeApart } from './scan-line'
import { findStatus } from './status-filter'
import { countFailure, countRequest, isSampled, lookAtTime, saw, sawSlot } from './stretch'

export { COPY_BYTES, copiedInput, firstInput, secondInput } from '../../fast/assembly/input-buffers'
export { CLIENT, keepClient } from './client'
export { newest } from './clock'
export { commit, output, reserve, written } from './output'
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
 * Reads whole lines in a room, the last of which may lack its newline.
 * @param maySkip whether lines may go unread whose status nobody wants
 * @returns how many lines there were
 */
export function read(first: usize, size: usize, maySkip: bool): i32 {
  const end = first + size
  store<u8>(end, NEWLINE)
  requests = records = unattributed = 0
  let lines: i32 = 0
  for (let start = first; start < end; ) {
    const newline = lineEnd(start)
    lines += 1
    linesInAll += 1
    const status = findStatus(start, newline)
    const isWanted = status !== 0 && load<u8>(wanted + numberAt(status, status + 3)) !== 0
    const isLookedAt = isWanted || isSampled(linesInAll)
    // most lines of most logs end here
    if (status !== 0 && maySkip && !isLookedAt) {
      requests += 1
      countRequest()
    } else if (status === 0 || !readOrdinary(start, status, isWanted, isLookedAt))
      parseFully(start, newline, lines)
    start = newline + 1
  }
  return lines
}

/** Reads an ordinary line, and writes its record if that is wanted; false for a line that is not ordinary. */
function readOrdinary(start: usize, status: usize, isWanted: bool, isLookedAt: bool): bool {
  if (!takeApart(start, status)) return false
  const isOnlySeen = !isWanted && isOneHop(slotStart, slotEnd)
  const client = isOnlySeen ? 0 : clientIn(slotStart, slotEnd)
  if (client === 0 && !isOnlySeen) return false
  const time = timeOf(dateStart, numberAt(msecsStart, msecsEnd))
  if (isNaN(time)) return false
  if (isLookedAt) {
    lookAtTime(time)
    if (isOnlySeen) sawSlot(slotStart, slotEnd)
    else saw(client)
  }
  requests += 1
  if (!isWanted) {
    countRequest()
    return true
  }
  countFailure(numberAt(status, status + 3))
  const unknown = isUnknown(client)
  if (isPrivate(client)) countPrivate(slotStart, slotEnd - slotStart)
  if (isWatched) {
    isWatched = countRecord(slotStart, slotEnd - slotStart)
  } else {
    records += 1
    if (unknown) unattributed += 1
  }
  write(time, client, status)
  return true
}
