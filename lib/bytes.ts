/**
 * Lines looked at as the bytes that they came in: what can be told there need not become a string first, which costs
 * several times as much as to look.
 */

const NEWLINE = 0x0a

/** A block of bytes, and the same bytes to be read four at a time. */
export interface Block {
  bytes: Buffer
  view: DataView
}

export function toBlock(bytes: Buffer): Block {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) }
}

/** Where the line that begins at a place ends: before its newline, or with the block. */
export function lineEnd(bytes: Buffer, start: number): number {
  const newline = bytes.indexOf(NEWLINE, start)
  return newline < 0 ? bytes.length : newline
}

/** A text to be looked for in its place. */
export interface Literal {
  length: number
  /** it as words of four bytes, the last of which may overlap the one before it */
  words: Int32Array
  /** where the words begin */
  offsets: Int32Array
}

/** @param text four characters of ASCII or more */
export function literal(text: string): Literal {
  const bytes = Buffer.from(text, 'latin1')
  const whole = Array.from({ length: bytes.length >> 2 }, (_, i) => 4 * i)
  const offsets = bytes.length % 4 === 0 ? whole : [...whole, bytes.length - 4]
  return {
    length: bytes.length,
    words: Int32Array.from(offsets, offset => bytes.readInt32LE(offset)),
    offsets: Int32Array.from(offsets),
  }
}

/** Whether a text stands at a place, which may lie outside of the block. */
export function standsAt({ view }: Block, at: number, { length, words, offsets }: Literal): boolean {
  if (at < 0 || at + length > view.byteLength) return false
  for (let i = 0; i < words.length; i++) {
    if (view.getInt32(at + (offsets[i] as number), true) !== words[i]) return false
  }
  return true
}

/** Where a run of 1 to `most` digits that begins at a place ends; -1 where there is none, and for a place below 0. */
export function digitsEnd(bytes: Buffer, at: number, most: number): number {
  let end = at
  while (end < bytes.length && isDigit(bytes[end] as number)) end += 1
  return end > at && end - at <= most ? end : -1
}

/** Where a run of 1 to `most` digits that ends before a place begins; -1 where there is none. */
export function digitsStart(bytes: Buffer, end: number, most: number): number {
  let at = end
  while (at > 0 && isDigit(bytes[at - 1] as number)) at -= 1
  return at < end && end - at <= most ? at : -1
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39
}

/** The number that the digits of a stretch make. */
export function numberAt(bytes: Buffer, start: number, end: number): number {
  let number = 0
  for (let at = start; at < end; at++) number = number * 10 + (bytes[at] as number) - 0x30
  return number
}

/** A set of bytes, as a table: 1 for each that belongs to it. */
export function byteSet(pattern: RegExp): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => (pattern.test(String.fromCharCode(byte)) ? 1 : 0))
}

/** Where the first byte stands, from a place on, that is not of a set. */
export function skip(bytes: Buffer, at: number, set: Uint8Array): number {
  let end = at
  while (set[bytes[end] as number] === 1) end += 1
  return end
}

/** Whether two stretches of a length are the same; one that reaches beyond its block is none. */
export function equals(
  { view }: Block,
  start: number,
  { view: other }: Block,
  otherStart: number,
  length: number,
): boolean {
  if (start + length > view.byteLength || otherStart + length > other.byteLength) return false
  let i = 0
  for (; i + 4 <= length; i += 4)
    if (view.getInt32(start + i, true) !== other.getInt32(otherStart + i, true)) return false
  for (; i < length; i++) if (view.getUint8(start + i) !== other.getUint8(otherStart + i)) return false
  return true
}

/** A hash of a stretch (FNV-1a), a signed number of 32 bits; only for tables in which a clash costs time and nothing else. */
export function hashOf(bytes: Buffer, start: number, end: number): number {
  let hash = 0x811c9dc5 | 0
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193)
  return hash
}
