/*
 * Texts of a layout: of their step (steps.ts), they take the literal behind them, and the two bytes that must not be in them.
 */
import { mismatch, SPACE } from '../../fast/assembly/bytes'
import { AT_BARRED, AT_LITERAL } from './steps'

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
    at = stopAt(at, first)
    if (load<u8>(at) !== first) return 0
    if (mismatch(at, literal) === 0) return isFree(start, at, step) ? at : 0
    at += 1
  } while (maySearch && first >= SPACE && first !== QUOTE && first !== BACKSLASH)
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
  return lacks(start, end, load<u32>(step, AT_BARRED)) && lacks(start, end, load<u32>(step, AT_BARRED + 4))
}

/** @param byte 0: none, and it is lacking */
export function lacks(start: usize, end: usize, byte: u32): bool {
  if (byte === 0) return true
  const wanted = i8x16.splat(<i8>byte)
  for (let at = start; at < end; at += 16) {
    const rest = end - at
    const found = i8x16.bitmask(i8x16.eq(v128.load(at), wanted))
    if ((rest < 16 ? found & ((1 << (<u32>rest)) - 1) : found) !== 0) return false
  }
  return true
}

/** The longest text of an address. */
const MAX_HOP: usize = 45
const BLANK: u32 = 0x20
const COMMA: u32 = 0x2c

/** Whether an address slot holds one hop, and no list. */
export function isOneHop(start: usize, end: usize): bool {
  return end - start <= MAX_HOP && lacks(start, end, COMMA) && lacks(start, end, BLANK)
}
