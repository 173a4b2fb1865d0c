/*
 * Takes a line apart by the steps of its layout, which the host has compiled (fast-steps.ts). A line is ordinary if each step
 * finds its part, and nothing in it has to be escaped; all others are left to the host, which has the full grammar.
 */
import {
  after,
  digitRunEnd,
  digitsEnd,
  lengthOf,
  mismatch,
  numberAt,
  SPACE,
  skipSet,
  textEnd,
  ZERO,
} from '../../fast/assembly/bytes'
import { dateEnd, lastInstant } from './date'
import { AT_BARRED, AT_LITERAL, isFree, plainTextEnd } from './text'

/** What a step is; fast-layout-table.ts has the same numbers. */
const NOTHING: u32 = 0
const OPTIONAL: u32 = 1
const DIGITS: u32 = 2
const SIGNED: u32 = 3
const COUNT: u32 = 4
const NUMBER: u32 = 5
const STATUS: u32 = 6
const DATE: u32 = 7
const INSTANT: u32 = 8
const WORD: u32 = 9
const SLOT: u32 = 10
const TEXT: u32 = 11
// and any other number: the last text

// where in a step stand a number, the least length and the overlap of a word, and its characters; then what text.ts knows of;
// and at the end, where the part stands in the line that was last taken apart
const STEP_BYTES: usize = 40
const AT_NUMBER: usize = 4
const AT_LEAST: usize = 8
const AT_OVERLAP: usize = 12
const AT_CHARACTERS: usize = 16
const AT_START: usize = 32
const AT_END: usize = 36

const MAX_STEPS: usize = 256
/** Where the host leaves the steps, and all texts. */
export const steps = heap.alloc(MAX_STEPS * STEP_BYTES)
export const strings = heap.alloc(65536)
let lastStep: usize = steps
/** The last step for a line whose status the sieve has found: it may be the last one before the status. */
let lastBehindSieve: usize = steps
let addressStep: usize = 0
let statusStep: usize = 0
/** The step of the duration that is added to the time; 0: none is. */
let msecsStep: usize = 0
/** Lines that are as long or longer are not ordinary. */
let maxBytes: usize = 0
/** Whether a line may begin as a piece of one does. */
let mayBePiece = false
/** Whether a line is ordinary though its client is not known. */
export let takesUnknown = false

/**
 * @param behindSieve how many of the steps are for a line whose status the sieve has found
 * @param msecs the step of the duration; -1 for none
 */
export function beginSteps(count: i32, behindSieve: i32, address: i32, status: i32, msecs: i32): void {
  lastStep = stepAt(count)
  lastBehindSieve = stepAt(behindSieve)
  addressStep = stepAt(address)
  statusStep = stepAt(status)
  msecsStep = msecs < 0 ? 0 : stepAt(msecs)
}

export function beginLines(longest: i32, pieces: bool, unknown: bool): void {
  maxBytes = longest
  mayBePiece = pieces
  takesUnknown = unknown
}

/** The step of a number, from 0. */
export function stepAt(index: i32): usize {
  return steps + <usize>index * STEP_BYTES
}

/** Where the part of a step stands in the line that was last taken apart. */
export function startOf(step: usize): usize {
  return load<u32>(step, AT_START)
}

export function endOf(step: usize): usize {
  return load<u32>(step, AT_END)
}

/** When the request ended of that line, in milliseconds since 1970. */
export let instant: f64 = NaN
/** Where its status stands. */
export let statusAt: usize = 0

export function addressStart(): usize {
  return startOf(addressStep)
}

export function addressEnd(): usize {
  return endOf(addressStep)
}

/** Whether a line may be whole: it is not too long, and does not begin as a piece of one. */
export function isWhole(start: usize, end: usize): bool {
  return end - start < maxBytes && !(mayBePiece && isPiece(start))
}

/**
 * Takes a whole line apart. Where each part begins hangs on where the one before it ends: so what is expected is a branch,
 * which the processor foresees, and not a choice, for which it waits.
 * @param status where the sieve has found its status; 0 where it has not
 * @returns whether the line is ordinary
 */
export function takeApart(start: usize, end: usize, status: usize): bool {
  const last = status === 0 ? lastStep : lastBehindSieve
  let at = start
  let time: f64 = NaN
  for (let step = steps; step < last; step += STEP_BYTES) {
    const kind = load<u32>(step)
    const number = load<u32>(step, AT_NUMBER)
    const first = at
    switch (kind) {
      case NOTHING:
        break
      case OPTIONAL:
        at = after(at, load<u32>(step, AT_LITERAL))
        if (at !== 0) continue
        at = first
        step += <usize>number * STEP_BYTES
        continue
      case DIGITS:
        at = digitRunEnd(at)
        if (at - first - 1 >= number) return false
        break
      case SIGNED:
      case COUNT:
        at = digitRunEnd(at)
        if (at === first) {
          if (load<u8>(at) !== MINUS) return false
          at = digitRunEnd(first + 1)
          if (at === first + 1 ? kind === SIGNED : at - first - 2 >= number) return false
        } else if (at - first > number) return false
        break
      case NUMBER:
        at = digitRunEnd(at)
        // JSON writes no zeros in front
        if (at - first - 1 >= number || (load<u8>(first) === ZERO && at > first + 1)) return false
        break
      case STATUS:
        at = load<u8>(at) === ZERO || digitsEnd(at, 3) !== at + 3 ? 0 : at + 3
        break
      case DATE:
        at = dateEnd(at, end, <i32>number)
        time = lastInstant
        if (isNaN(time)) return false
        break
      case INSTANT:
        at = plainNumberEnd(at, 13)
        if (at !== 0) time = instantAt(first, at) * <f64>number
        break
      // a run of certain characters, without those that belong to the literal behind it
      case WORD:
        at = skipSet(at, load<u32>(step, AT_CHARACTERS)) - load<u32>(step, AT_OVERLAP)
        if (at - first - load<u32>(step, AT_LEAST) > number - load<u32>(step, AT_LEAST)) return false
        if (load<u32>(step, AT_BARRED) !== 0 && !isFree(first, at, step)) return false
        break
      case SLOT:
        at = slotEnd(at, step)
        break
      case TEXT:
        at = plainTextEnd(at, step, number === 0)
        break
      default:
        at = textEnd(at, SPACE) >= end - number ? end - number : 0
        if (at < first || !isFree(first, at, step)) at = 0
    }
    if (at === 0) return false
    store<u32>(step, first, AT_START)
    store<u32>(step, at, AT_END)
    const literal: usize = load<u32>(step, AT_LITERAL)
    if (mismatch(at, literal) !== 0) return false
    at += lengthOf(literal)
  }
  if (msecsStep !== 0) time += <f64>numberAt(startOf(msecsStep), endOf(msecsStep))
  instant = time
  if (last <= statusStep) {
    statusAt = status
    return at === status
  }
  statusAt = startOf(statusStep)
  return at === end
}

/** Whether a line begins as the runtimes of containers write a piece of one: `TIME stdout P `. */
function isPiece(start: usize): bool {
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

const MINUS: u8 = 0x2d

/** The end of a number that JSON writes in the same way: without zeros in front. */
function plainNumberEnd(at: usize, most: usize): usize {
  const end = digitsEnd(at, most)
  return load<u8>(at) === ZERO && end > at + 1 ? 0 : end
}

function instantAt(start: usize, end: usize): f64 {
  let number: f64 = 0
  for (let at = start; at < end; at++) number = number * 10 + <f64>(load<u8>(at) - ZERO)
  return number
}

/** The end of an address slot: where the literal behind it stands first, all of which may stand in one, too. */
function slotEnd(start: usize, step: usize): usize {
  const end = plainTextEnd(start, step, true)
  const isSlot = end > start && skipSet(start, load<u32>(step, AT_CHARACTERS)) >= end
  return isSlot && isFree(start, end, step) ? end : 0
}
