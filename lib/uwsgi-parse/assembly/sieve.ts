/*
 * Finds the status of a line without reading the line, as the host has compiled it of the layout (fast-sieve.ts): from the
 * end of the line, or by its quotes.
 */
import { digitsBefore, digitsEnd, lengthOf, mismatch, placesOf, ZERO } from '../../fast/assembly/bytes'
import { isWhole } from './steps'

/** How much of the end of a line is looked at; fast-sieve.ts has the same number. */
const END_BYTES: usize = 60
const MAX_ROWS: usize = 64
// a row: a literal, how many digits stand before it at the least, and from there on, how many numbers of them are right; 0:
// none are looked for
const ROW_BYTES: usize = 12
/** Where the host leaves the rows, from the end of a line on. */
export const endRows = heap.alloc(MAX_ROWS * ROW_BYTES)
let lastRow: usize = endRows
/** What a line begins with, and what stands before the status. */
let head: usize = 0
let before: usize = 0

export function beginEndSieve(begin: usize, beforeStatus: usize, rows: i32): void {
  head = begin
  before = beforeStatus
  lastRow = endRows + <usize>rows * ROW_BYTES
}

const QUOTE: u8 = 0x22
// how many quotes there are in a line, and up to the status; what stands behind the status, and at the end
let quotes: i32 = 0
let nth: i32 = 0
let behind: usize = 0
let tail: usize = 0

export function beginQuoteSieve(
  begin: usize,
  count: i32,
  upTo: i32,
  beforeStatus: usize,
  behindStatus: usize,
  end: usize,
): void {
  head = begin
  quotes = count
  nth = upTo
  before = beforeStatus
  behind = behindStatus
  tail = end
}

/**
 * Where the three digits of the status stand in a line; 0 where that is not certain. What the full grammar reads in such a
 * line is this status or no request at all.
 */
export function findStatus(start: usize, end: usize): usize {
  if (lastRow !== endRows) return statusFromEnd(start, end)
  return quotes === 0 ? 0 : statusByQuotes(start, end)
}

/**
 * What jumps cost more than all the rest, since no two lines are alike: so the whole tail is looked at, and what is wrong is
 * added up.
 */
function statusFromEnd(start: usize, end: usize): usize {
  const digits = digitsBefore(end)
  const last = lastRow
  let wrong = mismatch(start, head)
  // how many bytes of the end are looked at; those that are misled look at some before the line
  let looked: usize = 0
  for (let row = endRows; row < last; row += ROW_BYTES) {
    const literal: usize = load<u32>(row)
    looked += lengthOf(literal)
    wrong |= mismatch(end - looked, literal)
    const span: u32 = load<u32>(row, 8)
    // one branch for all lines, which the processor foresees
    if (span === 0) continue
    const run = <u32>clz(~(digits << (<u64>looked)))
    wrong |= <u32>(run - load<u32>(row, 4) >= span)
    looked += run
  }
  const status = end - looked
  wrong |= mismatch(status - lengthOf(before), before)
  if (wrong !== 0 || looked > END_BYTES || !isWhole(start, end)) return 0
  return load<u8>(status) === ZERO || status < start + lengthOf(head) + lengthOf(before) ? 0 : status
}

function statusByQuotes(start: usize, end: usize): usize {
  let count: i32 = 0
  let quote: usize = 0
  for (let at = start; at < end; at += 64) {
    let places = placesOf(QUOTE, at)
    if (end - at < 64) places &= ((<u64>1) << (<u64>(end - at))) - 1
    const upTo = count + <i32>popcnt(places)
    if (count < nth && upTo >= nth) {
      for (let i = count + 1; i < nth; i++) places &= places - 1
      quote = at + <usize>ctz(places)
    }
    count = upTo
  }
  if (count !== quotes) return 0
  const status = quote + lengthOf(before)
  const wrong = mismatch(start, head) | mismatch(quote, before) | mismatch(end - lengthOf(tail), tail)
  if (wrong !== 0 || load<u8>(status) === ZERO || digitsEnd(status, 3) !== status + 3) return 0
  return mismatch(status + 3, behind) === 0 && isWhole(start, end) ? status : 0
}
