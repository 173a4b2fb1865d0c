import { putNumber, ZERO } from './bytes'

/*
 * Addresses as sixteen bytes, in two halves: IPv4 as `::ffff:0:0/96`, in which no IPv6 address of a record lies.
 */

/** Of the address that was last read. */
export let high: u64 = 0
export let low: u64 = 0

const COLON: u8 = 0x3a
const DOT: u8 = 0x2e
const SLASH: u8 = 0x2f
const MAPPED: u64 = 0xffff_0000_0000
const GROUPS = 8

/**
 * Reads an address in any text that is neither a mapped one nor ends in IPv4 nor has a zone.
 * @returns false for another text, be it an address or not
 */
export function readAddress(start: usize, end: usize): bool {
  for (let at = start; at < end; at++) {
    const byte = load<u8>(at)
    if (byte === DOT) return readIPv4(start, end)
    if (byte === COLON) return readIPv6(start, end)
  }
  return false
}

/** The longest text of four numbers with dots between them. */
const MAX_IPV4_TEXT: usize = 15

/**
 * Reads four numbers up to 255 without leading zeros, with dots between them. Without a branch for each byte: clients are
 * rarely the same from line to line, and such branches are not foreseen.
 */
export function readIPv4(start: usize, end: usize): bool {
  const length = end - start
  if (length > MAX_IPV4_TEXT) return false
  const text = v128.load(start)
  const all = ((<u32>1) << (<u32>length)) - 1
  const digits = i8x16.bitmask(i8x16.lt_u(i8x16.sub(text, i8x16.splat(ZERO)), i8x16.splat(10)))
  const dots = i8x16.bitmask(i8x16.eq(text, i8x16.splat(DOT))) & all
  if (((digits | dots) & all) !== all || popcnt(dots) !== 3) return false
  const first = ctz(dots)
  const behindFirst = dots & (dots - 1)
  const second = ctz(behindFirst)
  const third = ctz(behindFirst & (behindFirst - 1))
  const one = numberOf(start, first)
  const two = numberOf(start + first + 1, second - first - 1)
  const three = numberOf(start + second + 1, third - second - 1)
  const four = numberOf(start + third + 1, <u32>length - third - 1)
  // what is no number is above 255
  if ((one | two | three | four) > 255) return false
  high = 0
  low = MAPPED | <u64>((one << 24) | (two << 16) | (three << 8) | four)
  return true
}

/** The number of one to three digits without leading zeros; a greater one than 255 for any other length, or with such zeros. */
function numberOf(at: usize, length: u32): u32 {
  if (length - 1 > 2) return 256
  // the digits move to the end, and nothing stands before them
  const digits = (load<u32>(at) & 0x0f0f_0f0f) << (8 * (4 - length))
  const number = ((digits >> 8) & 15) * 100 + ((digits >> 16) & 15) * 10 + (digits >> 24)
  const least: u32 = length === 1 ? 0 : length === 2 ? 10 : 100
  return number < least ? 256 : number
}

/** Reads groups of hexadecimal digits with colons between them, in the place of some of which `::` may stand. */
function readIPv6(start: usize, end: usize): bool {
  let at = start
  // the groups behind `::`, of which there are `behind`, are shifted into their place at the end
  let front: u64 = 0
  let back: u64 = 0
  let groups = 0
  let gap = -1
  if (load<u8>(at) === COLON) {
    if (end - at < 2 || load<u8>(at, 1) !== COLON) return false
    gap = 0
    at += 2
  }
  while (at < end) {
    const first = at
    let group: u64 = 0
    for (; at < end && at - first < 4; at++) {
      const digit = hexDigit(load<u8>(at))
      if (digit > 15) break
      group = (group << 4) | digit
    }
    if (at === first || groups === GROUPS) return false
    front = (front << 16) | (back >> 48)
    back = (back << 16) | group
    groups += 1
    if (at === end) break
    if (load<u8>(at) !== COLON) return false
    at += 1
    if (at === end) return false
    if (load<u8>(at) !== COLON) continue
    if (gap >= 0) return false
    gap = groups
    at += 1
  }
  if (gap < 0 ? groups !== GROUPS : groups === GROUPS) return false
  if (gap >= 0) openGap(front, back, groups - gap, GROUPS - groups)
  else {
    high = front
    low = back
  }
  return high !== 0 || low >> 32 !== MAPPED >> 32
}

/** Puts groups of zeros before the last ones. */
function openGap(front: u64, back: u64, behind: i32, zeros: i32): void {
  // as many of the lowest bits as there are behind the gap stay where they are
  const keepLow: u64 = behind >= 4 ? ~(<u64>0) : ~(~(<u64>0) << (16 * <u64>behind))
  const keepHigh: u64 = behind <= 4 ? 0 : behind >= 8 ? ~(<u64>0) : ~(~(<u64>0) << (16 * <u64>(behind - 4)))
  let movedHigh = front & ~keepHigh
  let movedLow = back & ~keepLow
  for (let i = 0; i < zeros; i++) {
    movedHigh = (movedHigh << 16) | (movedLow >> 48)
    movedLow <<= 16
  }
  high = movedHigh | (front & keepHigh)
  low = movedLow | (back & keepLow)
}

function hexDigit(byte: u8): u64 {
  const digit = <u32>byte - <u32>ZERO
  if (digit < 10) return digit
  const letter = (<u32>byte | 0x20) - 0x61
  return letter < 6 ? letter + 10 : 16
}

export function isIPv4(first: u64, second: u64): bool {
  return first === 0 && second >> 32 === MAPPED >> 32
}

/** The half of a mask of so many bits. @param from how many bits stand before this half */
export function maskOf(bits: i32, from: i32): u64 {
  const own = bits - from
  return own <= 0 ? 0 : own >= 64 ? ~(<u64>0) : ~(<u64>0) << (64 - <u64>own)
}

/** The longest text of an address or prefix. */
export const MAX_ADDRESS_TEXT: usize = 48

/** Writes an address in its canonical text (RFC 5952). @returns where that ends */
export function putAddress(to: usize, first: u64, second: u64): usize {
  if (isIPv4(first, second)) {
    let end = putNumber(to, (second >> 24) & 255)
    for (let i: u64 = 0; i < 3; i++) {
      store<u8>(end, DOT)
      end = putNumber(end + 1, (second >> (16 - 8 * i)) & 255)
    }
    return end
  }
  // the first of the longest runs of zeros, of two at least
  let gap = -1
  let length = 1
  for (let i = 0; i < GROUPS; ) {
    let end = i
    while (end < GROUPS && groupOf(first, second, end) === 0) end += 1
    if (end - i > length) {
      gap = i
      length = end - i
    }
    i = end + 1
  }
  let at = to
  for (let i = 0; i < GROUPS; ) {
    if (i === gap) {
      store<u16>(at, 0x3a3a)
      at += 2
      i += length
      continue
    }
    if (i > 0 && (gap < 0 || i !== gap + length)) store<u8>(at++, COLON)
    at = putHex(at, groupOf(first, second, i))
    i += 1
  }
  return at
}

/** Writes a prefix, as an address where it holds no other. */
export function putPrefix(to: usize, first: u64, second: u64, bits: i32): usize {
  const at = putAddress(to, first, second)
  if (bits === 128 || isIPv4(first, second)) return at
  store<u8>(at, SLASH)
  return putNumber(at + 1, <u64>bits)
}

function groupOf(first: u64, second: u64, index: i32): u32 {
  const half = index < 4 ? first : second
  return <u32>((half >> (48 - 16 * <u64>(index & 3))) & 0xffff)
}

function putHex(to: usize, group: u32): usize {
  const digits: usize = group > 0xfff ? 4 : group > 0xff ? 3 : group > 0xf ? 2 : 1
  let rest = group
  for (let at = to + digits; at > to; rest >>= 4) {
    const digit = <u8>(rest & 15)
    store<u8>(--at, digit < 10 ? ZERO + digit : 0x57 + digit)
  }
  return to + digits
}
