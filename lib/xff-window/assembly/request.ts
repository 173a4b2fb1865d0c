import {
  ascii,
  behind,
  bytesOf,
  copy,
  digitsEnd,
  equals,
  numberAt,
  SPACE,
  skip,
  textEnd,
  ZERO,
} from '../../fast/assembly/bytes'
import { fresh, indexOf, KEPT, LONGEST, placeOf } from '../../fast/assembly/cache'
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
import { isAddress, minuteOf } from './host'

// what the request says that was last read
/** milliseconds since 1970 */
export let time: f64 = NaN
/** the place of the address; 0 where the client is not known */
export let client: usize = 0
export let status: i32 = 0

/** The longest line that is read, in bytes. */
const MAX: usize = 65536

const NULL = ascii('null')
const QUOTE = ascii('"')
const END: u8 = 0x7d
const DOT: u8 = 0x2e

const IN_ADDRESS = bytesOf('09af::..')

/** The length of a time up to its seconds. */
const UP_TO_MINUTE: usize = 17
const lastMinute = heap.alloc(2 * UP_TO_MINUTE)
let minute: f64 = NaN

/**
 * Reads a line in the shape in which uwsgi-parse writes a request, to the last character, where it lies: it is valid
 * JSON then without being taken apart.
 * @returns false for a line of any other shape, be it good or bad, and for one that is not valid
 */
export function readRequest(start: usize, end: usize): bool {
  if (end - start > MAX || load<u8>(end - 1) !== END) return false
  let at = readTime(behind(behind(start, TYPE), TIME))
  at = readClient(behind(at, IP))
  at = readStatus(behind(at, STATUS))
  at = plainEnd(behind(at, METHOD))
  at = plainEnd(behind(at, URI))
  at = plainEnd(behind(at, PROTOCOL))
  at = numberEnd(behind(at, BYTES), 15)
  at = numberEnd(behind(at, MSECS), 9)
  const via = behind(at, VIA)
  if (via !== 0) at = behind(plainEnd(via), QUOTE)
  return at === end - 1
}

/** Reads `2026-11-22T14:06:08.123`. Returns where that ends; 0 for another text. */
function readTime(at: usize): usize {
  if (at === 0) return 0
  const second = at + UP_TO_MINUTE
  const point = digitsEnd(second, 2)
  const end = digitsEnd(point + 1, 3)
  if (point !== second + 2 || load<u8>(point) !== DOT || end !== point + 4) return 0
  if (!equals(at, lastMinute, UP_TO_MINUTE)) {
    copy(lastMinute, at, UP_TO_MINUTE)
    minute = minuteOf(at)
  }
  const seconds = numberAt(second, point)
  time = minute + <f64>(seconds * 1000 + numberAt(point + 1, end))
  return seconds > 59 || isNaN(time) ? 0 : end
}

/** Reads who it was. Returns where that ends; 0 where it is neither an address nor null. */
function readClient(at: usize): usize {
  client = 0
  const start = behind(at, QUOTE)
  if (start === 0) return behind(at, NULL)
  const end = skip(start, IN_ADDRESS)
  const length = end - start
  if (length > LONGEST) return 0
  client = placeOf(start, length)
  if (fresh) store<u8>(client, <u8>isAddress(start, length, indexOf(client)), KEPT)
  return load<u8>(client, KEPT) !== 0 ? behind(end, QUOTE) : 0
}

/** Reads a status of three digits. Returns where that ends; 0 for another number. */
function readStatus(at: usize): usize {
  const end = digitsEnd(at, 3)
  if (end !== at + 3 || load<u8>(at) === ZERO) return 0
  status = numberAt(at, end)
  return end
}

/** Where a text ends that has nothing in it that has to be read. */
function plainEnd(at: usize): usize {
  return at === 0 ? 0 : textEnd(at, SPACE)
}

/** Where a number ends that JSON allows: without zeros in front. */
function numberEnd(at: usize, most: usize): usize {
  const end = digitsEnd(at, most)
  return load<u8>(at) === ZERO && end > at + 1 ? 0 : end
}
