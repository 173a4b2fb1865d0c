/*
 * The errors of the app that wait for the tally of their stretch, as in outage.ts beside this folder, which says why
 * and is their definition. A short one has its method and its URI with it; of another one the host has the record. An
 * error is
 *
 *     0 high half of the key    8 low half    16 time    24 text    28 status    32 length of the method    36 of the URI
 */

import { copy } from '../../fast/assembly/bytes'
import { hashOfKey } from './keys'

const MIN_CLIENTS = 5
/** How many errors wait for their tally. */
const MAX_WAITING = 100_000
const ERROR_BYTES: usize = 40
/** The longest method and URI, together, that are kept here. */
export const MAX_TEXT: usize = 4096
/** What a copy may touch behind its end. */
const OVERRUN: usize = 16
const CHUNK: usize = 1 << 20
/** Enough of them for as many texts as may wait. */
const chunks = new StaticArray<usize>(512)

let errors: usize = 0
export let waiting = 0
/** How many errors did not count. */
export let spared: f64 = 0
// where the next text goes
let chunk = 0
let inChunk: usize = 0

/** Keeps an error whose record the host has. @returns its number; -1 where no more may wait */
export function keep(high: u64, low: u64, time: f64): i32 {
  if (waiting >= MAX_WAITING) {
    spared += 1
    return -1
  }
  if (errors === 0) errors = heap.alloc(<usize>MAX_WAITING * ERROR_BYTES)
  const error = errorAt(waiting)
  store<u64>(error, high)
  store<u64>(error, low, 8)
  store<f64>(error, time, 16)
  store<u32>(error, 0, 24)
  sawClient(high, low)
  return waiting++
}

/** Keeps the method and the URI of the error that was kept last, of MAX_TEXT bytes at most. */
export function keepText(
  status: i32,
  method: usize,
  methodLength: usize,
  uri: usize,
  uriLength: usize,
): void {
  const size = methodLength + uriLength + OVERRUN
  if (inChunk + size > CHUNK) {
    chunk += 1
    inChunk = 0
  }
  if (chunks[chunk] === 0) chunks[chunk] = heap.alloc(CHUNK)
  const text = chunks[chunk] + inChunk
  copy(copy(text, method, methodLength), uri, uriLength)
  inChunk += methodLength + uriLength
  const error = errorAt(waiting - 1)
  store<u32>(error, <u32>text, 24)
  store<i32>(error, status, 28)
  store<u32>(error, <u32>methodLength, 32)
  store<u32>(error, <u32>uriLength, 36)
}

export function errorAt(index: i32): usize {
  return errors + <usize>index * ERROR_BYTES
}

// the clients of those that wait, as a hash table: the key, in which wait it was seen, and how many waited at its ban
const CLIENT_BYTES: usize = 24
const SLOTS: usize = 1 << 18
let clientsAt: usize = 0
let clients = 0
let wait: u32 = 1

/** The place of a client, which may be none of these yet. */
function clientOf(high: u64, low: u64): usize {
  if (clientsAt === 0) {
    clientsAt = heap.alloc(SLOTS * CLIENT_BYTES)
    memory.fill(clientsAt, 0, SLOTS * CLIENT_BYTES)
  }
  let slot = hashOfKey(high, low)
  let client: usize = 0
  do client = clientsAt + (slot++ & (SLOTS - 1)) * CLIENT_BYTES
  while (load<u32>(client, 16) === wait && (load<u64>(client, 8) !== low || load<u64>(client) !== high))
  return client
}

function sawClient(high: u64, low: u64): void {
  const client = clientOf(high, low)
  if (load<u32>(client, 16) === wait) return
  clients += 1
  store<u64>(client, high)
  store<u64>(client, low, 8)
  store<u32>(client, wait, 16)
  store<u32>(client, 0, 20)
}

/** A key is banned for other failures: its errors so far are part of that. */
export function bannedMeanwhile(high: u64, low: u64): void {
  if (waiting === 0) return
  const client = clientOf(high, low)
  if (load<u32>(client, 16) === wait) store<u32>(client, waiting, 20)
}

/** Whether an error was part of a ban that fell while it waited. */
export function isPartOfBan(index: i32): bool {
  const error = errorAt(index)
  return index < <i32>load<u32>(clientOf(load<u64>(error), load<u64>(error, 8)), 20)
}

/** Whether these errors are an outage. */
export function isOutage(share: f64, ofRequests: f64, ofErrors: f64, ofClients: f64): bool {
  return clients >= MIN_CLIENTS && <f64>clients > share * ofClients && ofErrors > share * ofRequests
}

/** None waits any more. */
export function clearWaiting(): void {
  waiting = clients = chunk = 0
  inChunk = 0
  wait += 1
}

export function spare(count: i32): void {
  spared += <f64>count
}
