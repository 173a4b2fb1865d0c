/*
 * Lines as the bytes that they came in, sixteen at a time (SIMD). A position is an address in the memory of the module.
 * 0 stands for "not found", and a search that begins there finds nothing: so calls can be chained, and the last one is
 * asked. Some bytes before and behind the lines may be read, and a newline stands behind the last one, at which every
 * search ends.
 */

export const NEWLINE: u8 = 0x0a
export const SPACE: u8 = 0x20
export const ZERO: u8 = 0x30
const WIDTH: usize = 16

/** The position of the newline that ends a line. */
export function lineEnd(start: usize): usize {
  const newline = i8x16.splat(NEWLINE)
  let at = start
  let found: u64 = 0
  do {
    const one = i8x16.eq(v128.load(at), newline)
    const two = i8x16.eq(v128.load(at, 16), newline)
    const three = i8x16.eq(v128.load(at, 32), newline)
    const four = i8x16.eq(v128.load(at, 48), newline)
    if (v128.any_true(v128.or(v128.or(one, two), v128.or(three, four))))
      found = bits(one) | (bits(two) << 16) | (bits(three) << 32) | (bits(four) << 48)
    at += 4 * WIDTH
  } while (found === 0)
  return at - 4 * WIDTH + <usize>ctz(found)
}

/** The highest bit of each of sixteen bytes, the first byte's as the lowest. */
function bits(bytes: v128): u64 {
  return <u64>(<u32>i8x16.bitmask(bytes))
}

// how a text of `ascii` lies in memory: its characters, its length, and as many ones
const TEXT_BYTES: usize = 16
const LENGTH_OFFSET: usize = TEXT_BYTES
const ONES_OFFSET: usize = TEXT_BYTES + 4

/** A text of ASCII, up to 16 characters, kept in memory for the functions below. */
export function ascii(text: string): usize {
  const at = heap.alloc(TEXT_BYTES + 8)
  memory.fill(at, 0, TEXT_BYTES)
  for (let i = 0; i < text.length; i++) store<u8>(at + i, <u8>text.charCodeAt(i))
  store<u32>(at, text.length, LENGTH_OFFSET)
  store<u32>(at, (1 << text.length) - 1, ONES_OFFSET)
  return at
}

export function lengthOf(text: usize): usize {
  return load<u32>(text, LENGTH_OFFSET)
}

/** Which characters of a text differ from those at a position, as bits: 0 if the text stands there. To combine such results takes no branch. */
export function mismatch(at: usize, text: usize): u32 {
  const same = i8x16.bitmask(i8x16.eq(v128.load(at), v128.load(text)))
  return ~same & load<u32>(text, ONES_OFFSET)
}

/** The position after a text, if that stands at a position. */
export function after(at: usize, text: usize): usize {
  return mismatch(at, text) === 0 ? at + lengthOf(text) : 0
}

/** The end of a run of 1 to `max` digits. */
export function digitsEnd(at: usize, max: usize): usize {
  const end = digitRunEnd(at)
  return end > at && end - at <= max ? end : 0
}

/** The position of the first byte that is no digit. */
export function digitRunEnd(at: usize): usize {
  let end = at
  let run: usize
  // how long a run is differs from line to line: to count sixteen at once takes no branch for each
  do {
    run = <usize>ctz(~digits(end))
    end += run
  } while (run === WIDTH)
  return end
}

/** Which of the 64 bytes before a position are digits, as bits, the last byte's as the highest. */
export function digitsBefore(end: usize): u64 {
  const at = end - 64
  return digits(at) | (digits(at + 16) << 16) | (digits(at + 32) << 32) | (digits(at + 48) << 48)
}

/** Which of the 64 bytes from a position on are a certain one, as bits, the first byte's as the lowest. */
export function placesOf(byte: u8, at: usize): u64 {
  const wanted = i8x16.splat(byte)
  return (
    bits(i8x16.eq(v128.load(at), wanted)) |
    (bits(i8x16.eq(v128.load(at, 16), wanted)) << 16) |
    (bits(i8x16.eq(v128.load(at, 32), wanted)) << 32) |
    (bits(i8x16.eq(v128.load(at, 48), wanted)) << 48)
  )
}

function digits(at: usize): u64 {
  return bits(i8x16.lt_u(i8x16.sub(v128.load(at), i8x16.splat(ZERO)), i8x16.splat(10)))
}

/** The number that up to nine digits make. */
export function numberAt(start: usize, end: usize): i32 {
  let number: i32 = 0
  for (let at = start; at < end; at++) number = number * 10 + load<u8>(at) - ZERO
  return number
}

/**
 * A set of ASCII characters, given as the first and the last of each range in it: by the lower half of a character, the
 * upper halves with which it is in the set, as bits.
 */
export function byteSet(ranges: string): usize {
  const table = heap.alloc(WIDTH)
  memory.fill(table, 0, WIDTH)
  for (let i = 0; i < ranges.length; i += 2) {
    for (let byte = ranges.charCodeAt(i); byte <= ranges.charCodeAt(i + 1); byte++) {
      const at = table + (byte & 15)
      store<u8>(at, load<u8>(at) | ((<u8>1) << (<u8>(byte >> 4))))
    }
  }
  return table
}

/** The position of the first byte that is not in a set; a newline is in none. */
export function skipSet(at: usize, set: usize): usize {
  const byLower = v128.load(set)
  // by the upper half: which bit it is; what is not ASCII is none
  const byUpper = i8x16(1, 2, 4, 8, 16, 32, 64, -128, 0, 0, 0, 0, 0, 0, 0, 0)
  let end = at
  let run: usize
  do {
    const bytes = v128.load(end)
    const lower = i8x16.swizzle(byLower, v128.and(bytes, i8x16.splat(15)))
    const upper = i8x16.swizzle(byUpper, i8x16.shr_u(bytes, 4))
    const outside = i8x16.eq(v128.and(lower, upper), i8x16.splat(0))
    run = <usize>ctz(i8x16.bitmask(outside) | 0x10000)
    end += run
  } while (run === WIDTH)
  return end
}

/**
 * The end of a text that JSON writes as it is: the first byte that is a quote, a backslash, below `lowest`, or not
 * ASCII.
 */
export function textEnd(at: usize, lowest: u8): usize {
  const least = i8x16.splat(lowest)
  const quote = i8x16.splat(0x22)
  const backslash = i8x16.splat(0x5c)
  let end = at
  let found: i32 = 0
  do {
    const bytes = v128.load(end)
    const escaped = v128.or(i8x16.eq(bytes, quote), i8x16.eq(bytes, backslash))
    // of signed numbers, what is not ASCII is below zero
    found = i8x16.bitmask(v128.or(escaped, i8x16.lt_s(bytes, least)))
    end += WIDTH
  } while (found === 0)
  return end - WIDTH + <usize>ctz(found)
}

/** The end of a URI without its query: the first `?` or quote. */
export function skipToQuery(at: usize): usize {
  const query = i8x16.splat(0x3f)
  const quote = i8x16.splat(0x22)
  let end = at
  let found: i32 = 0
  do {
    const bytes = v128.load(end)
    found = i8x16.bitmask(v128.or(i8x16.eq(bytes, query), i8x16.eq(bytes, quote)))
    end += WIDTH
  } while (found === 0)
  return end - WIDTH + <usize>ctz(found)
}

/** Whether so many bytes at two positions are the same. */
export function equals(one: usize, other: usize, length: usize): bool {
  for (let i: usize = 0; i < length; i += WIDTH) {
    const rest = length - i
    const all: u32 = rest < WIDTH ? (1 << (<u32>rest)) - 1 : 0xffff
    if ((i8x16.bitmask(i8x16.eq(v128.load(one + i), v128.load(other + i))) & all) !== all) return false
  }
  return true
}

/** Copies bytes; up to fifteen more are read and written. @returns the position after the copy */
export function copy(to: usize, from: usize, length: usize): usize {
  for (let i: usize = 0; i < length; i += WIDTH) v128.store(to + i, v128.load(from + i))
  return to + length
}

/** Writes a text of `ascii`, as `copy` does. @returns the position after it */
export function putText(to: usize, text: usize): usize {
  v128.store(to, v128.load(text))
  return to + lengthOf(text)
}

/** Writes a number in decimal. @returns the position after it */
export function putNumber(to: usize, number: u64): usize {
  let end = to + 1
  for (let rest = number / 10; rest > 0; rest /= 10) end += 1
  let rest = number
  for (let at = end - 1; at >= to; at--) {
    store<u8>(at, ZERO + <u8>(rest % 10))
    rest /= 10
  }
  return end
}

/** A hash of bytes; only for tables in which a clash costs time and nothing else. */
export function hashOf(start: usize, length: usize): u32 {
  let hash: u64 = length
  for (let i: usize = 0; i < length; i += 8) {
    const rest = length - i
    const word = load<u64>(start + i)
    const own = rest < 8 ? word & (((<u64>1) << (8 * rest)) - 1) : word
    // the golden ratio of 2^53, odd
    hash = (hash ^ own) * 0x13c6ef372fe94f
    hash ^= hash >> 32
  }
  return <u32>hash
}
