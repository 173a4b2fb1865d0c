/*
 * Texts of a layout: of their step (steps.ts), they take the literal behind them, and the two bytes that must not be in them.
 */
import { mismatch, SPACE } from '../../fast/assembly/bytes'

// where in a step stand the literal behind its part, and two bytes that a text must not hold
export const AT_LITERAL: usize = 20
export const AT_BARRED: usize = 24

const QUOTE: u8 = 0x22
const BACKSLASH: u8 = 0x5c

/**
 * The end of a text in which nothing is escaped: where the literal behind it stands first.
 * @param maySearch whether the first byte of the literal may stand before that
 */
export function plainTextEnd(start: usize, step: usize, maySearch: bool): usize {
  const literal: usize = load<u32>(step, AT_LITERAL)
  const first = load<u8>(literal)
  let at = start
  do {
    at = stopAt(at, first, step)
    if (load<u8>(at) !== first) return 0
    if (mismatch(at, literal) === 0) return at
    at += 1
  } while (maySearch && first >= SPACE && first !== QUOTE && first !== BACKSLASH)
  return 0
}

/** The first byte that is a given one, must not be in the text of a step, or has to be escaped. */
function stopAt(start: usize, byte: u8, step: usize): usize {
  const least = i8x16.splat(SPACE)
  const quote = i8x16.splat(QUOTE)
  const backslash = i8x16.splat(BACKSLASH)
  const wanted = i8x16.splat(byte)
  // 0 where there is none: it has to be escaped, too
  const one = i8x16.splat(load<u8>(step, AT_BARRED))
  const other = i8x16.splat(load<u8>(step, AT_BARRED + 4))
  let at = start
  let found: i32 = 0
  do {
    const bytes = v128.load(at)
    const escaped = v128.or(i8x16.eq(bytes, quote), i8x16.eq(bytes, backslash))
    const barred = v128.or(i8x16.eq(bytes, one), i8x16.eq(bytes, other))
    const end = v128.or(i8x16.eq(bytes, wanted), i8x16.lt_s(bytes, least))
    found = i8x16.bitmask(v128.or(v128.or(escaped, barred), end))
    at += 16
  } while (found === 0)
  return at - 16 + <usize>ctz(found)
}

/** Whether a text holds neither of the bytes by which the part before it could stand further right. */
export function isFree(start: usize, end: usize, step: usize): bool {
  return lacks(start, end, load<u32>(step, AT_BARRED)) && lacks(start, end, load<u32>(step, AT_BARRED + 4))
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
