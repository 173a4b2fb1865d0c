import {
  after,
  ascii,
  byteSet,
  digitsEnd,
  lengthOf,
  SPACE,
  skipSet,
  textEnd,
  ZERO,
} from '../../fast/assembly/bytes'
import { DATE } from './clock'

// where the parts of the line stand that was last taken apart
export let slotStart: usize = 0
export let slotEnd: usize = 0
export let dateStart: usize = 0
export let methodStart: usize = 0
export let methodEnd: usize = 0
export let uriStart: usize = 0
export let uriEnd: usize = 0
export let sizeStart: usize = 0
export let sizeEnd: usize = 0
export let msecsStart: usize = 0
export let msecsEnd: usize = 0
export let protocolStart: usize = 0
export let protocolEnd: usize = 0

/** So short that it is whole whatever its characters are, and its record stays within the bound. */
const MAX: usize = 2048

const HEAD = ascii('[pid: ')
const APP = ascii('|app: ')
const REQ = ascii('|req: ')
// in the place of a user's name, without and with a log-format
const NO_USER = ascii('() {')
const DASH_USER = ascii('(-) {')
const VARS = ascii(' vars in ')
const BYTES = ascii(' bytes} [')
const GENERATED = ascii(' => generated ')
const BYTES_IN = ascii(' bytes in ')
const MSECS = ascii(' msecs')
const VIA = ascii(' via ')
const END_ROUTINE = ascii('()')
const OPEN: u8 = 0x28
const MINUS: u8 = 0x2d
const SLASH: u8 = 0x2f
const BRACKET: u8 = 0x5d

// nothing that JSON escapes, and nothing of which pieces of a line are made
const IN_SLOT = byteSet('09afAF..::,,  ')
const IN_HOP = byteSet('09afAF..::')
const IN_METHOD = byteSet('AZ')
/** The longest text of an address. */
const MAX_HOP: usize = 45
const IN_PROTOCOL = byteSet('AZ09//..')
const IN_ROUTINE = byteSet('az')

/**
 * Takes an ordinary line of uWSGI's own layout apart where it lies. One that is out of the ordinary in any way is
 * left to the full grammar: one that could be read in two ways, that names a user, or holds what has to be escaped.
 * With that grammar it agrees on all others.
 * @param status where `findStatus` found the line's status
 * @returns whether the line is ordinary; if it is not, the places mean nothing
 */
export function takeApart(start: usize, status: usize): bool {
  if (status - start > MAX) return false
  let at = after(digitsEnd(start + lengthOf(HEAD), 10), APP)
  at = after(digitsEnd(behindSign(at), 10), REQ)
  at = digitsEnd(behindSign(at), 20)
  if (load<u8>(at) !== SLASH) return false
  at = digitsEnd(at + 1, 20)
  if (!areAt(at, BRACKET, SPACE)) return false

  slotStart = at + 2
  at = skipSet(slotStart, IN_SLOT)
  slotEnd = at - 1
  if (slotEnd <= slotStart || load<u8>(slotEnd) !== SPACE) return false
  // a hundred variables and more may be more than uWSGI takes
  at = after(digitsEnd(behindUser(at), 2), VARS)
  dateStart = after(digitsEnd(at, 20), BYTES)
  if (dateStart === 0 || !areAt(dateStart + DATE, BRACKET, SPACE)) return false

  methodStart = dateStart + DATE + 2
  methodEnd = skipSet(methodStart, IN_METHOD)
  if (methodEnd === methodStart || load<u8>(methodEnd) !== SPACE) return false
  uriStart = methodEnd + 1
  uriEnd = textEnd(uriStart, SPACE + 1)
  if (uriEnd === uriStart) return false

  sizeStart = after(uriEnd, GENERATED)
  sizeEnd = plainNumberEnd(sizeStart, 15)
  msecsStart = after(sizeEnd, BYTES_IN)
  msecsEnd = plainNumberEnd(msecsStart, 9)
  at = behindRoutine(after(msecsEnd, MSECS))
  if (!areAt(at, SPACE, OPEN)) return false
  protocolStart = at + 2
  protocolEnd = skipSet(protocolStart, IN_PROTOCOL)
  return protocolEnd > protocolStart && load<u8>(protocolEnd) === SPACE && protocolEnd + 1 === status
}

function areAt(at: usize, one: u8, other: u8): bool {
  return load<u8>(at) === one && load<u8>(at, 1) === other
}

function behindUser(at: usize): usize {
  const end = after(at, NO_USER)
  return end === 0 ? after(at, DASH_USER) : end
}

function behindSign(at: usize): usize {
  return load<u8>(at) === MINUS ? at + 1 : at
}

/** Where a number ends that JSON writes in the same way: without zeros in front. */
function plainNumberEnd(at: usize, most: usize): usize {
  const end = digitsEnd(at, most)
  return load<u8>(at) === ZERO && end > at + 1 ? 0 : end
}

/** Where ` via route()` ends, or the place itself if nothing of the kind stands there; 0 if it does not end so. */
function behindRoutine(at: usize): usize {
  const start = after(at, VIA)
  if (start === 0) return at
  const end = skipSet(start, IN_ROUTINE)
  return end > start && end - start <= 20 ? after(end, END_ROUTINE) : 0
}

/** The end of what may be one hop; 0 where none begins there. */
export function hopEnd(start: usize): usize {
  const end = skipSet(start, IN_HOP)
  return end > start && end - start <= MAX_HOP ? end : 0
}

/** Whether a slot holds one hop, and no list. */
export function isOneHop(start: usize, end: usize): bool {
  return end - start <= MAX_HOP && skipSet(start, IN_HOP) >= end
}
