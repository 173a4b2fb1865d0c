/**
 * The lines of uWSGI's own layout, from bytes to bytes. What is out of the ordinary in any way is left to the host, which
 * has the full grammar.
 */
import { lineEnd, NEWLINE, numberAt } from '../../fast/assembly/bytes'
import { clientIn, isPrivate, isUnknown } from './client'
import { isInRange, sawTime, timeOf } from './clock'
import { countPrivate, countRecord, parseFully } from './host'
import { addressEnd, addressStart, hasLayout, instant, statusAt, takeApartLayout } from './layout'
import { writeLayout } from './layout-record'
import { write } from './record'
import { dateStart, isOneHop, msecsEnd, msecsStart, slotEnd, slotStart, takeApart } from './scan-line'
import { findStatus } from './status-filter'
import { countFailure, countRequest, isSampled, lookAtTime, saw, sawSlot } from './stretch'

export { COPY_BYTES, copiedInput, firstInput, secondInput } from '../../fast/assembly/input-buffers'
export { CLIENT, keepClient } from './client'
export { newest } from './clock'
export { beginLayout, steps, strings } from './layout'
export { keepDate } from './layout-date'
export { beginRows, rows } from './layout-record'
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
  store<u8>(end, NEWLINE)
  requests = records = unattributed = 0
  let lines: i32 = 0
  for (let start = first; start < end; ) {
    const newline = lineEnd(start)
    lines += 1
    linesInAll += 1
    if (hasLayout()) {
      if (isDoubtful || !readByLayout(start, newline)) parseFully(start, newline, lines)
      start = newline + 1
      continue
    }
    const status: usize = isDoubtful ? 0 : findStatus(start, newline)
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
  countWanted(client, slotStart, slotEnd - slotStart)
  write(time, client, status)
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

/** Reads an ordinary line of the host's layout, as `readOrdinary` does. Whose client is not known is not ordinary. */
function readByLayout(start: usize, end: usize): bool {
  if (!takeApartLayout(start, end) || !isInRange(instant)) return false
  const status = numberAt(statusAt, statusAt + 3)
  const isWanted = load<u8>(wanted + status) !== 0
  if (isWanted || isSampled(linesInAll)) {
    const client = clientIn(addressStart, addressEnd)
    if (client === 0 || isUnknown(client)) return false
    lookAtTime(instant)
    if (!isWanted && isOneHop(addressStart, addressEnd)) sawSlot(addressStart, addressEnd)
    else saw(client)
    if (isWanted) {
      countFailure(status)
      countWanted(client, addressStart, addressEnd - addressStart)
      writeLayout(client, end - start)
    }
  }
  sawTime(instant)
  requests += 1
  if (!isWanted) countRequest()
  return true
}
