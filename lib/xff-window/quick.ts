import { isIP } from 'node:net'
import { type Block, byteSet, digitsEnd, type Literal, literal, numberAt, skip, standsAt } from '../bytes.js'
import { MAX_LINE } from '../lines.js'
import { parseInstant } from '../record.js'
import { remember, rememberLast } from '../remember.js'

/** What the window has to know of a request. */
export interface Counted {
  ip: string | null
  /** milliseconds since 1970; null where that is not known */
  time: number | null
  status?: number | undefined
}

const TYPE = literal('{"type":"request","time":"')
const IP = literal('Z","ip":"')
const UNKNOWN = literal('Z","ip":null,')
const STATUS = literal('"status":')
const METHOD = literal(',"method":"')
const URI = literal('","uri":"')
const PROTOCOL = literal('","protocol":"')
const BYTES = literal('","bytes":')
const MSECS = literal(',"msecs":')
const VIA = literal(',"via":"')
const DOT = 0x2e
const COMMA = 0x2c
const END = 0x7d
const QUOTE = 0x22
const ZERO = 0x30

/** What a text may hold: ASCII without quotes, backslashes and control characters, so nothing that has to be read. */
const IN_TEXT = byteSet(/[ !#-[\]-\x7f]/)
const IN_ADDRESS = byteSet(/[0-9a-f:.]/)
const MINUTE = /^[2-9]\d{3}-\d\d-\d\dT\d\d:\d\d:$/
/** The length of a time up to its seconds. */
const UP_TO_MINUTE = 17

/**
 * Reads a line in the shape in which uwsgi-parse writes a request, to the last character, where it lies: it is valid
 * JSON then without being taken apart.
 * @returns the same object each time, with what the line says; null for a line of any other shape, be it good or bad,
 *   and for one that is not valid
 */
export type Quick = (block: Block, start: number, end: number) => Counted | null

export function compileQuick(): Quick {
  // one text for all lines that an address is in, and not a slice of one, which would keep its whole block alive
  const addressAt = remember(text => (isIP(text) === 0 ? undefined : text))
  const minuteAt = rememberLast(UP_TO_MINUTE, text =>
    MINUTE.test(text) ? parseInstant(`${text}00.000Z`) : Number.NaN,
  )
  const counted: Counted = { ip: null, time: null }

  return (block, start, end) => {
    const { bytes } = block
    if (end - start > MAX_LINE || bytes[end - 1] !== END || !standsAt(block, start, TYPE)) return null
    let at = start + TYPE.length
    const minute = minuteAt(block, at)
    at += UP_TO_MINUTE
    // `SS.mmm`
    const second = numberAt(bytes, at, at + 2)
    const point = digitsEnd(bytes, at, 2)
    if (
      point !== at + 2 ||
      second > 59 ||
      bytes[point] !== DOT ||
      digitsEnd(bytes, point + 1, 3) !== point + 4
    )
      return null
    const time = minute + second * 1000 + numberAt(bytes, point + 1, point + 4)
    if (Number.isNaN(time)) return null

    at = point + 4
    let ip: string | null | undefined = null
    if (standsAt(block, at, IP)) {
      const from = at + IP.length
      at = skip(bytes, from, IN_ADDRESS)
      ip = addressAt(block, from, at)
      if (ip === undefined || bytes[at] !== QUOTE || bytes[at + 1] !== COMMA) return null
      at += 2
    } else if (standsAt(block, at, UNKNOWN)) {
      at += UNKNOWN.length
    } else {
      return null
    }

    if (!standsAt(block, at, STATUS)) return null
    at += STATUS.length
    if (bytes[at] === ZERO || digitsEnd(bytes, at, 3) !== at + 3) return null
    const status = numberAt(bytes, at, at + 3)
    at = textEnd(block, at + 3, METHOD)
    at = textEnd(block, at, URI)
    at = textEnd(block, at, PROTOCOL)
    at = numberEnd(block, at, BYTES, 15)
    at = numberEnd(block, at, MSECS, 9)
    if (standsAt(block, at, VIA)) {
      at = textEnd(block, at, VIA)
      if (bytes[at] !== QUOTE) return null
      at += 1
    }
    if (at !== end - 1) return null
    counted.ip = ip
    counted.time = time
    counted.status = status
    return counted
  }
}

/** Where a text ends that stands behind `before`; -1 where that is not there. */
function textEnd(block: Block, at: number, before: Literal): number {
  return standsAt(block, at, before) ? skip(block.bytes, at + before.length, IN_TEXT) : -1
}

/** Where a number ends that stands behind `before`; -1 where that is not there, or it is no number in JSON. */
function numberEnd(block: Block, at: number, before: Literal, most: number): number {
  if (!standsAt(block, at, before)) return -1
  const start = at + before.length
  const end = digitsEnd(block.bytes, start, most)
  return block.bytes[start] === ZERO && end > start + 1 ? -1 : end
}
