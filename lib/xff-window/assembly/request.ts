import { low, readAddress, readIPv4 } from '../../fast/assembly/address'
import {
  after,
  ascii,
  byteSet,
  copy,
  digitsEnd,
  equals,
  numberAt,
  SPACE,
  skipSet,
  textEnd,
  ZERO,
} from '../../fast/assembly/bytes'
import { entryOf, indexOf, isNew, MAX_KEY_BYTES, VALUE_OFFSET } from '../../fast/assembly/cache'
import {
  BYTES,
  IP,
  METHOD,
  MSECS,
  PROTOCOL,
  STATUS,
  TIME,
  TYPE,
  URI,
  VIA,
} from '../../fast/assembly/request-json'
import { keepAddress, minuteOf } from './host'

// what the request says that was last read
/** milliseconds since 1970 */
export let time: f64 = NaN
/** whether the client is known */
export let isKnown = false
/** where its address stands, if it is */
export let ipStart: usize = 0
export let ipEnd: usize = 0
/** the cache entry of the address, where it was asked for */
export let clientEntry: usize = 0
/** whether it is told as a number, and which */
export let isNumber = false
export let clientNumber: i32 = 0
export let status: i32 = 0
export let methodStart: usize = 0
export let methodEnd: usize = 0
export let uriStart: usize = 0
export let uriEnd: usize = 0

/** The longest line that is read. */
const MAX_BYTES: usize = 65536

const NULL = ascii('null')
const QUOTE = ascii('"')
const END: u8 = 0x7d
const DOT: u8 = 0x2e

let asNumbers = false

/** Has IPv4 addresses read as numbers, which need no entry of the cache. */
export function readNumbers(): void {
  asNumbers = true
}

const IN_ADDRESS = byteSet('09af::..')

/** The length of a time up to its seconds. */
const MINUTE_LENGTH: usize = 17
const lastMinute = heap.alloc(2 * MINUTE_LENGTH)
let minute: f64 = NaN

/**
 * Reads a line in the shape in which uwsgi-parse writes a request, to the last character, where it lies: it is valid
 * JSON then without being taken apart.
 * @param asBytes whether the address is read as bytes, and not as an entry of the cache
 * @returns false for a line of any other shape, be it good or bad, and for one that is not valid
 */
export function readRequest(start: usize, end: usize, asBytes: bool): bool {
  if (end - start > MAX_BYTES || load<u8>(end - 1) !== END) return false
  let at = readTime(after(after(start, TYPE), TIME))
  at = readClient(after(at, IP), asBytes)
  at = readStatus(after(at, STATUS))
  methodStart = after(at, METHOD)
  methodEnd = plainEnd(methodStart)
  uriStart = after(methodEnd, URI)
  uriEnd = at = plainEnd(uriStart)
  at = plainEnd(after(at, PROTOCOL))
  at = numberEnd(after(at, BYTES), 15)
  at = numberEnd(after(at, MSECS), 9)
  const via = after(at, VIA)
  if (via !== 0) at = after(plainEnd(via), QUOTE)
  return at === end - 1
}

/** Reads `2026-11-22T14:06:08.123`. @returns the position after it; 0 for another text */
function readTime(at: usize): usize {
  if (at === 0) return 0
  const second = at + MINUTE_LENGTH
  const point = digitsEnd(second, 2)
  const end = digitsEnd(point + 1, 3)
  if (point !== second + 2 || load<u8>(point) !== DOT || end !== point + 4) return 0
  if (!equals(at, lastMinute, MINUTE_LENGTH)) {
    copy(lastMinute, at, MINUTE_LENGTH)
    minute = minuteOf(at)
  }
  const seconds = numberAt(second, point)
  time = minute + <f64>(seconds * 1000 + numberAt(point + 1, end))
  return seconds > 59 || isNaN(time) ? 0 : end
}

/** Reads the client. @returns the position after it; 0 where it is neither an address nor null */
function readClient(at: usize, asBytes: bool): usize {
  ipStart = after(at, QUOTE)
  isKnown = ipStart !== 0
  if (!isKnown) return after(at, NULL)
  ipEnd = skipSet(ipStart, IN_ADDRESS)
  isNumber = asNumbers && readIPv4(ipStart, ipEnd)
  if (isNumber) clientNumber = <i32>low
  const isAddress = isNumber || (asBytes ? readAddress(ipStart, ipEnd) : findEntry())
  return isAddress ? after(ipEnd, QUOTE) : 0
}

/** Finds the entry of the address. @returns whether it is one */
function findEntry(): bool {
  const length = ipEnd - ipStart
  if (length > MAX_KEY_BYTES) return false
  clientEntry = entryOf(ipStart, length)
  if (isNew) store<u8>(clientEntry, <u8>keepAddress(ipStart, length, indexOf(clientEntry)), VALUE_OFFSET)
  return load<u8>(clientEntry, VALUE_OFFSET) !== 0
}

/** Reads a status of three digits. @returns the position after it; 0 for another number */
function readStatus(at: usize): usize {
  const end = digitsEnd(at, 3)
  if (end !== at + 3 || load<u8>(at) === ZERO) return 0
  status = numberAt(at, end)
  return end
}

/** The end of a text in which nothing is escaped. */
function plainEnd(at: usize): usize {
  return at === 0 ? 0 : textEnd(at, SPACE)
}

/** The end of a number as JSON allows it: without leading zeros. */
function numberEnd(at: usize, max: usize): usize {
  const end = digitsEnd(at, max)
  return load<u8>(at) === ZERO && end > at + 1 ? 0 : end
}
