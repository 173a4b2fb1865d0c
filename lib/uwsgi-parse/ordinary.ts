import { type Block, byteSet, digitsEnd, literal, skip, standsAt } from '../bytes.js'

/** Where the parts of an ordinary line stand in its block. */
export interface Parts {
  slotStart: number
  slotEnd: number
  dateStart: number
  methodStart: number
  methodEnd: number
  uriStart: number
  uriEnd: number
  sizeStart: number
  sizeEnd: number
  msecsStart: number
  msecsEnd: number
  protocolStart: number
  protocolEnd: number
}

/** The length of a date, as `Sun Nov 22 14:06:08 2026`. */
export const DATE = 24

/** So short that it is whole whatever its characters are, and its record stays within the bound. */
const MAX = 2048

const HEAD = '[pid: '.length
const APP = literal('|app: ')
const REQ = literal('|req: ')
const USER = literal('() {')
const VARS = literal(' vars in ')
const BYTES = literal(' bytes} [')
const GENERATED = literal(' => generated ')
const BYTES_IN = literal(' bytes in ')
const MSECS = literal(' msecs')
const VIA = literal(' via ')
const SPACE = 0x20
const OPEN = 0x28
const CLOSE = 0x29
const MINUS = 0x2d
const SLASH = 0x2f
const ZERO = 0x30
const BRACKET = 0x5d

// nothing that JSON escapes, and nothing of which pieces of a line are made
const IN_SLOT = byteSet(/[0-9a-fA-F.:, ]/)
const IN_METHOD = byteSet(/[A-Z]/)
const IN_URI = byteSet(/[!#-[\]-~]/)
const IN_PROTOCOL = byteSet(/[A-Z0-9/.]/)
const IN_ROUTINE = byteSet(/[a-z]/)

/**
 * Takes an ordinary line of uWSGI's own layout apart where it lies. One that is out of the ordinary in any way is
 * left to the full grammar: one that could be read in two ways, that names a user, or holds what has to be escaped.
 * With that grammar it agrees on all others.
 * @param status where `findStatus` found the line's status
 * @param parts takes the places; they mean nothing where the line is not ordinary
 */
export function takeApart(block: Block, start: number, status: number, parts: Parts): boolean {
  const { bytes } = block
  if (status - start > MAX) return false
  let at = digitsEnd(bytes, start + HEAD, 10)
  if (!standsAt(block, at, APP)) return false
  at = digitsEnd(bytes, behindSign(bytes, at + APP.length), 10)
  if (!standsAt(block, at, REQ)) return false
  at = digitsEnd(bytes, behindSign(bytes, at + REQ.length), 20)
  if (bytes[at] !== SLASH) return false
  at = digitsEnd(bytes, at + 1, 20)
  if (bytes[at] !== BRACKET || bytes[at + 1] !== SPACE) return false

  parts.slotStart = at + 2
  at = skip(bytes, parts.slotStart, IN_SLOT)
  parts.slotEnd = at - 1
  if (parts.slotEnd <= parts.slotStart || bytes[at - 1] !== SPACE || !standsAt(block, at, USER)) return false
  at = digitsEnd(bytes, at + USER.length, 10)
  if (!standsAt(block, at, VARS)) return false
  at = digitsEnd(bytes, at + VARS.length, 20)
  if (!standsAt(block, at, BYTES)) return false
  parts.dateStart = at + BYTES.length
  at = parts.dateStart + DATE
  if (bytes[at] !== BRACKET || bytes[at + 1] !== SPACE) return false

  parts.methodStart = at + 2
  parts.methodEnd = skip(bytes, parts.methodStart, IN_METHOD)
  if (parts.methodEnd === parts.methodStart || bytes[parts.methodEnd] !== SPACE) return false
  parts.uriStart = parts.methodEnd + 1
  parts.uriEnd = skip(bytes, parts.uriStart, IN_URI)
  if (parts.uriEnd === parts.uriStart || !standsAt(block, parts.uriEnd, GENERATED)) return false

  parts.sizeStart = parts.uriEnd + GENERATED.length
  parts.sizeEnd = plainNumberEnd(bytes, parts.sizeStart, 15)
  if (!standsAt(block, parts.sizeEnd, BYTES_IN)) return false
  parts.msecsStart = parts.sizeEnd + BYTES_IN.length
  parts.msecsEnd = plainNumberEnd(bytes, parts.msecsStart, 9)
  if (!standsAt(block, parts.msecsEnd, MSECS)) return false
  at = behindRoutine(block, parts.msecsEnd + MSECS.length)
  if (at < 0 || bytes[at] !== SPACE || bytes[at + 1] !== OPEN) return false
  parts.protocolStart = at + 2
  parts.protocolEnd = skip(bytes, parts.protocolStart, IN_PROTOCOL)
  return (
    parts.protocolEnd > parts.protocolStart &&
    bytes[parts.protocolEnd] === SPACE &&
    parts.protocolEnd + 1 === status
  )
}

function behindSign(bytes: Buffer, at: number): number {
  return bytes[at] === MINUS ? at + 1 : at
}

/** Where a number ends that JSON writes in the same way: without zeros in front. */
function plainNumberEnd(bytes: Buffer, at: number, most: number): number {
  const end = digitsEnd(bytes, at, most)
  return bytes[at] === ZERO && end > at + 1 ? -1 : end
}

/** Where ` via route()` ends, if it stands there at all; -1 where it does not end as it should. */
function behindRoutine(block: Block, at: number): number {
  if (!standsAt(block, at, VIA)) return at
  const { bytes } = block
  const start = at + VIA.length
  const end = skip(bytes, start, IN_ROUTINE)
  return end > start && end - start <= 20 && bytes[end] === OPEN && bytes[end + 1] === CLOSE ? end + 2 : -1
}
