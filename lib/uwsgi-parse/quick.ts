import { formatInstant } from '../record.js'
import type { FindClient } from './client.js'
import { parseCtime } from './time.js'

const HEAD = '[pid: '
const MIDDLE = '} ['
const ANSWER = ' => generated '
const DATE = 24
/** So short that it is whole whatever its characters are, and its record stays within the bound. */
const MAX = 2048
/** Behind the bytes of an answer, as one expression that allows one reading only. */
const TAIL =
  /(\d{1,15}) bytes in (\d{1,9}) msecs(?: via [a-z]{1,20}\(\))? \(([^ ()"\\\0-\x1f]*) ([1-9]\d\d)\) \d{1,10} headers in \d{1,20} bytes \(\d{1,10} switches on core \d{1,10}\)$/y
/** From the head to the address, and from there to the date: ditto. */
const NUMBERS = /\d{1,10}\|app: -?\d{1,10}\|req: -?\d{1,20}\/\d{1,20}\] /y
const VARS = /^ \(\) \{\d{1,10} vars in \d{1,20} bytes$/
/** What JSON has to escape. */
const ESCAPED = /["\\\0-\x1f]/

/** What an ordinary line comes to. */
export interface Quick {
  status: number
  ip: string | null
  /** whether the address slot held one private address alone */
  lonePrivate: boolean
  /** the record as it is written, newline included */
  text: string
}

/**
 * Reads the ordinary lines of uWSGI's own layout in one pass, from the line to the text of the record. It says
 * nothing (null) about a line that is out of the ordinary in any way: one that could be read in two ways, that
 * names a user, or holds what has to be escaped. Those are for the full grammar, with which it agrees on all
 * others to the byte.
 */
export function compileQuick(client: FindClient, clock: (wall: number, msecs: number) => number) {
  let dateText = ''
  let wall = Number.NaN
  let second = Number.NaN
  let secondText = ''

  /** `formatInstant`, the second remembered. */
  const isoOf = (time: number): string => {
    const millis = Math.floor(time % 1000)
    const whole = time - (time % 1000)
    if (whole !== second) {
      second = whole
      secondText = formatInstant(whole).slice(0, 20)
    }
    return `${secondText}${millis < 10 ? '00' : millis < 100 ? '0' : ''}${millis}Z`
  }

  return (line: string): Quick | null => {
    if (line.length > MAX || !line.startsWith(HEAD)) return null
    NUMBERS.lastIndex = HEAD.length
    if (!NUMBERS.test(line)) return null
    const slotStart = NUMBERS.lastIndex
    const dateStart = line.indexOf(MIDDLE, slotStart) + MIDDLE.length
    const dateEnd = dateStart + DATE
    if (dateStart < MIDDLE.length || line.charCodeAt(dateEnd) !== 0x5d) return null
    const answer = line.lastIndexOf(ANSWER)
    if (answer < dateEnd) return null
    // pieces of a line a second time
    if (line.indexOf(MIDDLE, dateStart) >= 0 || line.indexOf(HEAD, slotStart) >= 0) return null
    const slotEnd = line.indexOf(' (', slotStart)
    if (slotEnd < 0 || slotEnd > dateStart || !VARS.test(line.slice(slotEnd, dateStart - MIDDLE.length)))
      return null
    TAIL.lastIndex = answer + ANSWER.length
    const tail = TAIL.exec(line)
    if (!tail) return null
    const methodEnd = line.indexOf(' ', dateEnd + 2)
    if (line.charCodeAt(dateEnd + 1) !== 0x20 || methodEnd < 0 || methodEnd >= answer) return null
    const method = line.slice(dateEnd + 2, methodEnd)
    const uri = line.slice(methodEnd + 1, answer)
    if (ESCAPED.test(method) || ESCAPED.test(uri)) return null

    const date = line.slice(dateStart, dateEnd)
    if (date !== dateText) {
      if (!CTIME.test(date)) return null
      // a slice of a line keeps its whole block alive: that is one block here
      dateText = date
      wall = parseCtime(date)
    }
    const [, bytes = '', msecs = '', protocol = '', status = ''] = tail
    if (hasLeadingZero(bytes) || hasLeadingZero(msecs)) return null
    const slot = line.slice(slotStart, slotEnd)
    const time = clock(wall, Number(msecs))
    if (!(time >= 0)) return null
    const { ip, listed, inside } = client(slot)
    const via = ip === null || listed
    if (via && ESCAPED.test(slot)) return null
    const text =
      `{"type":"request","time":"${isoOf(time)}","ip":${ip === null ? 'null' : `"${ip}"`},"status":${status},` +
      `"method":"${method}","uri":"${uri}","protocol":"${protocol}","bytes":${bytes},"msecs":${msecs}` +
      `${via ? `,"via":"${slot}"` : ''}}\n`
    return { status: Number(status), ip, lonePrivate: inside && !via, text }
  }
}

const CTIME = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}$/

function hasLeadingZero(digits: string): boolean {
  return digits.length > 1 && digits.charCodeAt(0) === 0x30
}
