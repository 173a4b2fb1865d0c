/*
 * Whose address stands in a slot, as client.ts beside this folder says. What is out of the ordinary, as a hop that is no
 * bare address or a slot without a client, is left to the host.
 */
import { high, isIPv4, low, maskOf, readAddress, readIPv4 } from '../../fast/assembly/address'
import { SPACE } from '../../fast/assembly/bytes'

const COMMA: u8 = 0x2c
/** 0.0.0.0; no client has it, nor `::`. */
const NO_IPV4: u64 = 0xffff_0000_0000

const OURS: u32 = 1
const PRIVATE: u32 = 2

// ranges: the network in two halves, their masks, what is said of it, and whether it is one of IPv4
const MAX_RANGES = 1024
const RANGE_BYTES: usize = 40
const ranges = heap.alloc(<usize>MAX_RANGES * RANGE_BYTES)
let count = 0
/** By the first byte of an IPv4 address, 1 where a range may hold it. */
const isNear = heap.alloc(256)
memory.fill(isNear, 0, 256)

/** Where the bits of an IPv4 address begin. */
const IPV4_FROM = 96

/** Where the host leaves a network, in network order; IPv4 as `::ffff:0:0/96`. */
export const hostNetwork = heap.alloc(16)

/** Whether the host has said who is trusted. */
let isKnown = false
/** How many proxies append; 0: those are trusted that lie in a range. */
let hops = 0
/** Whether somebody has named the trusted ranges: then an address in one of them is nobody's client. */
let isNamed = false

export function beginTrust(counted: i32, named: bool): void {
  isKnown = true
  hops = counted
  isNamed = named
}

/** Adds a range, of the network that the host has left. @param bits its length, of 128 */
export function addRange(bits: i32, ours: bool, isPrivate: bool): void {
  if (count === MAX_RANGES) {
    isKnown = false
    return
  }
  const range = ranges + <usize>count * RANGE_BYTES
  const first = bswap(load<u64>(hostNetwork))
  const second = bswap(load<u64>(hostNetwork, 8))
  store<u64>(range, first)
  store<u64>(range, second, 8)
  store<u64>(range, maskOf(bits, 0), 16)
  store<u64>(range, maskOf(bits, 64), 24)
  store<u32>(range, (ours ? OURS : 0) | (isPrivate ? PRIVATE : 0), 32)
  store<u32>(range, <u32>isIPv4(first, second), 36)
  count += 1
  if (isIPv4(first, second)) markNear(<u32>(second >> 24) & 255, bits - IPV4_FROM)
}

/** @param bits the length of a range, of 32 */
function markNear(byte: u32, bits: i32): void {
  const others: u32 = bits >= 8 ? 0 : (1 << (8 - bits)) - 1
  for (let i: u32 = 0; i <= others; i++) store<u8>(isNear + ((byte & ~others) | i), 1)
}

/** What is said of the address that was last read. */
function standing(): u32 {
  const family = <u32>isIPv4(high, low)
  const end = ranges + <usize>count * RANGE_BYTES
  let all: u32 = 0
  for (let range = ranges; range < end; range += RANGE_BYTES) {
    const differs =
      ((high & load<u64>(range, 16)) ^ load<u64>(range)) |
      ((low & load<u64>(range, 24)) ^ load<u64>(range, 8))
    if (differs === 0 && load<u32>(range, 36) === family) all |= load<u32>(range, 32)
  }
  return all
}

/** Whether the client that was last found is of a private range, and whether its slot held more than it. */
export let isPrivateClient = false
export let isListedClient = false

/** Finds the client of a slot; its address is the one that was last read. @returns false where it is the host's to find */
export function findClient(start: usize, end: usize): bool {
  if (!isKnown) return false
  let last = end
  for (let hop = 1; last >= start; hop++) {
    let first = last
    while (first > start && load<u8>(first - 1) !== COMMA) first -= 1
    if (!readHop(first, last)) return false
    const said = standing()
    const isLeftmost = first === start
    const isClient = hops > 0 ? hop === hops : (said & OURS) === 0 || (isLeftmost && !isNamed)
    if (isClient) {
      isPrivateClient = (said & PRIVATE) !== 0
      isListedClient = hop > 1 || !isLeftmost
      return true
    }
    if (isLeftmost) return false
    last = first - 1
  }
  return false
}

/** As `findClient`, for a slot that holds one IPv4 address and nothing else, which is the client; false for any other. */
export function findPlainClient(start: usize, end: usize): bool {
  if (!isKnown || hops > 1 || !readIPv4(start, end) || low === NO_IPV4) return false
  const said = load<u8>(isNear + (<usize>(low >> 24) & 255)) !== 0 ? standing() : 0
  if (hops === 0 && isNamed && (said & OURS) !== 0) return false
  isPrivateClient = (said & PRIVATE) !== 0
  isListedClient = false
  return true
}

/** Reads a hop that is an address and nothing else, blanks at both ends aside. */
function readHop(first: usize, last: usize): bool {
  let start = first
  let end = last
  while (start < end && load<u8>(start) === SPACE) start += 1
  while (end > start && load<u8>(end - 1) === SPACE) end -= 1
  return readAddress(start, end) && (high !== 0 || (low !== 0 && low !== NO_IPV4))
}
