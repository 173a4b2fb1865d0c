import { high, low, putAddress } from '../../fast/assembly/address'
import { copy } from '../../fast/assembly/bytes'
import { ENTRY_BYTES, entryOf, isNew, MAX_KEY_BYTES, VALUE_OFFSET } from '../../fast/assembly/cache'
import { fillClient } from './host'
import { placeOf } from './place'
import { findClient, findPlainClient, isListedClient, isPrivateClient } from './trust'

// what the host makes of an address slot, behind the slot itself
const FLAGS: usize = VALUE_OFFSET
const LENGTH: usize = VALUE_OFFSET + 1
/** Where in the place of a client the host writes the client as JSON. */
export const CLIENT: usize = VALUE_OFFSET + 2

// where it is marked as seen; behind the longest address as JSON
const MARK: usize = 152

// flags
const UNKNOWN: u8 = 1
const LISTED: u8 = 2
const PRIVATE: u8 = 4

/** The client that was last found without the cache, as an entry of that. */
const plain = heap.alloc(ENTRY_BYTES)

/** Who stands in an address slot, until the next one is asked for; 0 for a slot that is too long to be remembered. */
export function clientIn(start: usize, end: usize): usize {
  const length = end - start
  // most slots hold one IPv4 address: to read it takes less than to look for it among many, most of which lie far away
  if (findPlainClient(start, end)) {
    const json = plain + CLIENT
    store<u8>(json, QUOTE)
    store<u8>(copy(json + 1, start, length), QUOTE)
    keepClient(plain, <i32>length + 2, false, false, isPrivateClient, placeOf(start, end))
    return plain
  }
  if (length > MAX_KEY_BYTES) return 0
  const client = entryOf(start, length)
  if (isNew) {
    if (findClient(start, end)) keepFound(client)
    else fillClient(client, length)
  }
  return client
}

const QUOTE: u8 = 0x22

/** Keeps the client that was found, as the host does with others. */
function keepFound(client: usize): void {
  const json = client + CLIENT
  store<u8>(json, QUOTE)
  const end = putAddress(json + 1, high, low)
  store<u8>(end, QUOTE)
  const isPrivate = isPrivateClient && !isListedClient
  keepClient(client, <i32>(end + 1 - json), false, isListedClient, isPrivate, placeOf(json + 1, end))
}

/**
 * Keeps what the host makes of a client.
 * @param length of the client as JSON, which is written already
 * @param mark the place in which it is marked as seen
 */
export function keepClient(
  client: usize,
  length: usize,
  unknown: bool,
  listed: bool,
  isPrivate: bool,
  mark: u32,
): void {
  store<u8>(client, (unknown ? UNKNOWN : 0) | (listed ? LISTED : 0) | (isPrivate ? PRIVATE : 0), FLAGS)
  store<u8>(client, <u8>length, LENGTH)
  store<u32>(client, mark, MARK)
}

/** The place in which a client is marked as seen. */
export function markOf(client: usize): u32 {
  return load<u32>(client, MARK)
}

/** Whether it cannot be known who that is. */
export function isUnknown(client: usize): bool {
  return (load<u8>(client, FLAGS) & UNKNOWN) !== 0
}

/** Whether a record shows the slot: where it is more than the client. */
export function isListed(client: usize): bool {
  return (load<u8>(client, FLAGS) & LISTED) !== 0
}

/** Whether the slot holds one private address and nothing else. */
export function isPrivate(client: usize): bool {
  return (load<u8>(client, FLAGS) & PRIVATE) !== 0
}

/** Writes the client as JSON. Returns where that ends. */
export function putClientJson(to: usize, client: usize): usize {
  return copy(to, client + CLIENT, load<u8>(client, LENGTH))
}
