/*
 * Texts and literals of a layout (layout.ts). Of a step, they take the literal behind a text (where, and how long), and the
 * two bytes that must not be in it.
 */
import { equals, SPACE } from '../../fast/assembly/bytes'

const QUOTE: u8 = 0x22
const BACKSLASH: u8 = 0x5c

/** Whether a literal stands at a position; most are short. */
export function isAt(at: usize, literal: usize, length: usize): bool {
  if (length > 16) return equals(at, literal, length)
  const differs = ~i8x16.bitmask(i8x16.eq(v128.load(at), v128.load(literal)))
  return (differs & ((1 << (<u32>length)) - 1)) === 0
}

/** The end of a text in which nothing is escaped: where the literal behind it stands first. */
export function plainTextEnd(start: usize, step: usize): usize {
  const literal: usize = load<u32>(step, 12)
  const length: usize = load<u32>(step, 16)
  const first = load<u8>(literal)
  let at = start
  do {
    at = stopAt(at, first)
    if (load<u8>(at) !== first) return 0
    if (isAt(at, literal, length)) return isFree(start, at, step) ? at : 0
    at += 1
  } while (first >= SPACE && first !== QUOTE && first !== BACKSLASH)
  return 0
}

/** The first byte that is a given one, or has to be escaped. */
function stopAt(start: usize, byte: u8): usize {
  const least = i8x16.splat(SPACE)
  const quote = i8x16.splat(QUOTE)
  const backslash = i8x16.splat(BACKSLASH)
  const wanted = i8x16.splat(byte)
  let at = start
  let found: i32 = 0
  do {
    const bytes = v128.load(at)
    const escaped = v128.or(i8x16.eq(bytes, quote), i8x16.eq(bytes, backslash))
    found = i8x16.bitmask(v128.or(v128.or(escaped, i8x16.eq(bytes, wanted)), i8x16.lt_s(bytes, least)))
    at += 16
  } while (found === 0)
  return at - 16 + <usize>ctz(found)
}

/** Whether a text holds neither of the bytes by which the part before it could stand further right. */
export function isFree(start: usize, end: usize, step: usize): bool {
  return lacks(start, end, load<u32>(step, 20)) && lacks(start, end, load<u32>(step, 24))
}

/** @param byte 0: none, and it is lacking */
function lacks(start: usize, end: usize, byte: u32): bool {
  if (byte === 0) return true
  const wanted = i8x16.splat(<i8>byte)
  for (let at = start; at < end; at += 16) {
    const rest = end - at
    const found = i8x16.bitmask(i8x16.eq(v128.load(at), wanted))
    if ((rest < 16 ? found & ((1 << (<u32>rest)) - 1) : found) !== 0) return false
  }
  return true
}
