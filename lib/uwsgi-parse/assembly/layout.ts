/*
 * Lines of a layout that the host describes as a table of steps, one a part of the layout (fast-layout.ts). A line is
 * ordinary if the parts can stand in it in one way only, and nothing in it has to be escaped; all others are left to the
 * host, which has the full grammar.
 */
import { digitsEnd, SPACE, textEnd, ZERO } from '../../fast/assembly/bytes'
import { dateEnd, lastInstant } from './layout-date'
import { isAt, isFree, plainTextEnd } from './layout-text'
import { hopEnd } from './scan-line'

/** What a step is; fast-layout.ts has the same numbers. */
const LITERAL: u32 = 0
const COUNT: u32 = 1
const NUMBER: u32 = 2
const STATUS: u32 = 3
const DATE: u32 = 4
const INSTANT: u32 = 5
const ADDRESS: u32 = 6
const ONE_ADDRESS: u32 = 7
const TEXT: u32 = 8
// and any other number: the last text

// a step: what it is, its place, a number, the literal behind it (where, and how long), two bytes that must not be in it
const STEP_BYTES: usize = 28
const MAX_STEPS: usize = 128
/** Where the host leaves the steps, and the literals. */
export const steps = heap.alloc(MAX_STEPS * STEP_BYTES)
export const strings = heap.alloc(65536)
let lastStep: usize = 0
/** Lines that are as long or longer may have been cut. */
let maxBytes: usize = 0
/** Whether the place of the duration is added to the time. */
let msecsPlace: i32 = -1

const MAX_PLACES = 64
const starts = new StaticArray<usize>(MAX_PLACES)
const ends = new StaticArray<usize>(MAX_PLACES)

/** @param msecs the place of the duration that is added to the time; -1 for none */
export function beginLayout(count: i32, longest: i32, msecs: i32): void {
  lastStep = steps + <usize>count * STEP_BYTES
  maxBytes = longest
  msecsPlace = msecs
}

export function hasLayout(): bool {
  return lastStep !== 0
}

export function startOf(place: i32): usize {
  return starts[place]
}

export function endOf(place: i32): usize {
  return ends[place]
}

/** When the request ended of the line that was last taken apart, in milliseconds since 1970. */
export let instant: f64 = NaN
/** Where its status and its address slot stand. */
export let statusAt: usize = 0
export let addressStart: usize = 0
export let addressEnd: usize = 0

const MINUS: u8 = 0x2d

/** Takes an ordinary line apart. @returns whether it is ordinary */
export function takeApartLayout(start: usize, end: usize): bool {
  if (end - start >= maxBytes || mayBePiece(start)) return false
  let at = start
  let time: f64 = NaN
  for (let step = steps; step < lastStep; step += STEP_BYTES) {
    const place: i32 = load<i32>(step, 4)
    const first = at
    switch (load<u32>(step)) {
      case LITERAL:
        at = behindLiteral(at, end, step)
        break
      case COUNT:
        at = countEnd(at)
        break
      case NUMBER:
        at = plainNumberEnd(at, load<u32>(step, 8))
        break
      case STATUS:
        statusAt = at
        at = load<u8>(at) === ZERO || digitsEnd(at, 3) !== at + 3 ? 0 : at + 3
        break
      case DATE:
        at = dateEnd(at, end, load<i32>(step, 8))
        time = lastInstant
        break
      case INSTANT:
        at = plainNumberEnd(at, 13)
        if (at !== 0) time = instantAt(first, at) * <f64>load<i32>(step, 8)
        break
      case ADDRESS:
        at = addressSlotEnd(at, end, step)
        addressStart = first
        addressEnd = at
        break
      case ONE_ADDRESS:
        at = hopEnd(at)
        addressStart = first
        addressEnd = at
        break
      case TEXT:
        at = plainTextEnd(at, step)
        break
      default:
        at = textEnd(at, SPACE) >= end - load<u32>(step, 16) ? end - load<u32>(step, 16) : 0
        if (at < first || !isFree(first, at, step)) at = 0
    }
    if (at === 0) return false
    starts[place] = first
    ends[place] = at
  }
  if (msecsPlace >= 0) time += instantAt(starts[msecsPlace], ends[msecsPlace])
  instant = time
  return at === end
}

/** Whether a line may begin as the runtimes of containers write a piece of one: `TIME stdout P `. */
function mayBePiece(start: usize): bool {
  const blank = i8x16.splat(SPACE)
  for (let i: usize = 0; i < 48; i += 16) {
    const found = i8x16.bitmask(i8x16.eq(v128.load(start + i), blank))
    if (found !== 0) {
      const behind = start + i + <usize>ctz(found) + 1
      return load<u8>(behind) === 0x73 && load<u8>(behind, 1) === 0x74 && load<u8>(behind, 2) === 0x64
    }
  }
  return false
}

function behindLiteral(at: usize, end: usize, step: usize): usize {
  const length: usize = load<u32>(step, 16)
  return at + length <= end && isAt(at, load<u32>(step, 12), length) ? at + length : 0
}

/** The end of a number that is not looked at: `7`, `-7` or `-`. */
function countEnd(at: usize): usize {
  const isNegative = load<u8>(at) === MINUS
  const end = digitsEnd(isNegative ? at + 1 : at, 20)
  return end === 0 && isNegative && load<u8>(at, 1) - ZERO > 9 ? at + 1 : end
}

/** The end of a number that JSON writes in the same way. */
function plainNumberEnd(at: usize, most: usize): usize {
  const end = digitsEnd(at, most)
  return load<u8>(at) === ZERO && end > at + 1 ? 0 : end
}

function instantAt(start: usize, end: usize): f64 {
  let number: f64 = 0
  for (let at = start; at < end; at++) number = number * 10 + <f64>(load<u8>(at) - ZERO)
  return number
}

/** The end of the address slot: where the literal behind it stands first. */
function addressSlotEnd(start: usize, end: usize, step: usize): usize {
  const furthest = addressesEnd(start)
  const length: usize = load<u32>(step, 16)
  if (length === 0) return furthest === end && furthest > start && isFree(start, end, step) ? end : 0
  const literal: usize = load<u32>(step, 12)
  const first = load<u8>(literal)
  for (let at = nextOf(start, furthest, first); at <= furthest; at = nextOf(at + 1, furthest, first)) {
    if (at + length <= end && isAt(at, literal, length)) return at > start && isFree(start, at, step) ? at : 0
  }
  return 0
}

/** The first byte that is in no address and no list of them: neither `0-9a-fA-F` nor one of `.:,` and the blank. */
function addressesEnd(start: usize): usize {
  // by the upper half of a byte, and by the lower one, of which groups it may be: 1 ` ,.`, 2 `0-9:`, 4 `a-fA-F`
  const upper = i8x16(0, 0, 1, 2, 4, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0)
  const lower = i8x16(3, 6, 6, 6, 6, 6, 6, 2, 2, 2, 2, 0, 1, 0, 1, 0)
  let at = start
  let run: usize
  do {
    const bytes = v128.load(at)
    const byUpper = i8x16.swizzle(upper, i8x16.shr_u(bytes, 4))
    const byLower = i8x16.swizzle(lower, v128.and(bytes, i8x16.splat(15)))
    const outside = i8x16.eq(v128.and(byUpper, byLower), i8x16.splat(0))
    run = <usize>ctz(i8x16.bitmask(outside) | 0x10000)
    at += run
  } while (run === 16)
  return at
}

/** Where a byte stands first, from a position on and up to the furthest one; behind that where it does not. */
function nextOf(start: usize, furthest: usize, byte: u8): usize {
  const wanted = i8x16.splat(byte)
  for (let at = start; at <= furthest; at += 16) {
    const found = i8x16.bitmask(i8x16.eq(v128.load(at), wanted))
    if (found !== 0) return at + <usize>ctz(found)
  }
  return furthest + 1
}
