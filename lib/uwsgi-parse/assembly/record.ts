/*
 * The record of a line that was taken apart by its layout (steps.ts): what stands in which order is a table of the
 * host's, too, each row with what is written before the value.
 */
import { ascii, copy, putText } from '../../fast/assembly/bytes'
import { IP, STATUS as STATUS_KEY, TIME, TYPE, VIA } from '../../fast/assembly/request-json'
import { isListed, putClientJson } from './client'
import { putTime } from './clock'
import { commit, reserve } from './output'
import { addressEnd, addressStart, endOf, instant, startOf, statusAt, stepAt } from './steps'

/** What a row is; fast-layout-table.ts has the same numbers. */
// 1 is a text, whatever is in it
const NUMBER: u32 = 0
const FILLED_TEXT: u32 = 2
const LIST: u32 = 3
const VARIABLE: u32 = 4

// a row: what it is, its place, the key (where, and how long)
const ROW_BYTES: usize = 16
const MAX_ROWS: usize = 128
/** Where the host leaves the rows. */
export const rows = heap.alloc(MAX_ROWS * ROW_BYTES)
let lastRow: usize = rows
/** What the keys come to, and all that stands around the values. */
let around: usize = 512

export function beginRows(count: i32, keyBytes: i32): void {
  lastRow = rows + <usize>count * ROW_BYTES
  around = 512 + <usize>keyBytes
}

const VARS = ascii(',"vars":{')
const END = ascii('}\n')
const END_VARS = ascii('}}\n')
const QUOTE: u8 = 0x22
const COMMA: u8 = 0x2c

/** Writes the record of the line that was last taken apart. @param length of that line */
export function writeRecord(client: usize, length: usize): void {
  let at = reserve(2 * length + around)
  at = putTime(putText(putText(at, TYPE), TIME), instant)
  at = putClientJson(putText(at, IP), client)
  at = copy(putText(at, STATUS_KEY), statusAt, 3)
  let hasVars = false
  for (let row = rows; row < lastRow; row += ROW_BYTES) {
    const kind = load<u32>(row)
    if (kind === LIST) {
      if (!isListed(client)) continue
      at = copy(putText(at, VIA), addressStart(), addressEnd() - addressStart())
      store<u8>(at++, QUOTE)
      continue
    }
    const step = stepAt(load<i32>(row, 4))
    const start = startOf(step)
    const end = endOf(step)
    if (kind >= FILLED_TEXT && isEmpty(start, end)) continue
    if (kind === VARIABLE) {
      if (hasVars) store<u8>(at++, COMMA)
      else at = putText(at, VARS)
      hasVars = true
    }
    at = copy(putKey(at, load<u32>(row, 8), load<u32>(row, 12)), start, end - start)
    if (kind !== NUMBER) store<u8>(at++, QUOTE)
  }
  commit(putText(at, hasVars ? END_VARS : END))
}

/** As `copy`: most keys take one step. */
function putKey(at: usize, key: usize, length: usize): usize {
  v128.store(at, v128.load(key))
  return length > 16 ? copy(at, key, length) : at + length
}

function isEmpty(start: usize, end: usize): bool {
  return end === start || (end === start + 1 && load<u8>(start) === 0x2d)
}
