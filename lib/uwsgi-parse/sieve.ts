import { type Block, digitsEnd, digitsStart, literal, standsAt } from '../bytes.js'

const SPACE = 0x20
const CLOSE = 0x29
const ZERO = 0x30

/** uWSGI's buffer for a line (core/logging.c, uwsgi_logit_simple): what is longer has something else in it. */
const FULL = 4096

const HEAD = literal('[pid: ')
// as they stand before one another at the end of a line, behind the status
const SWITCHES = literal(' switches on core ')
const BYTES = literal(' bytes (')
const IN = literal(' headers in ')

/**
 * Where the three digits of the status stand in a line of uWSGI's own layout: whose status nobody asked for need not
 * be read, and those are most lines of most logs.
 * @returns -1 for a line that it is not sure of: one with anything before `[pid: `, or with a tail that is not exactly
 *   `… STATUS) N headers in N bytes (N switches on core N)`
 */
export function findStatus(block: Block, start: number, end: number): number {
  const { bytes } = block
  if (end - start > FULL || bytes[end - 1] !== CLOSE || !standsAt(block, start, HEAD)) return -1
  let at = digitsStart(bytes, end - 1, 10) - SWITCHES.length
  if (!standsAt(block, at, SWITCHES)) return -1
  at = digitsStart(bytes, at, 10) - BYTES.length
  if (!standsAt(block, at, BYTES)) return -1
  at = digitsStart(bytes, at, 10) - IN.length
  if (!standsAt(block, at, IN)) return -1
  at = digitsStart(bytes, at, 10) - 5
  // what stands before the line is no part of it
  if (at <= start || bytes[at - 1] !== SPACE || bytes[at + 3] !== CLOSE || bytes[at + 4] !== SPACE) return -1
  return bytes[at] !== ZERO && digitsEnd(bytes, at, 3) === at + 3 ? at : -1
}
