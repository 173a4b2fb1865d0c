import { isUtf8 } from 'node:buffer'
import { readFileSync, statSync } from 'node:fs'
import { messageOf } from '../../exit.js'
import { namedRanges, RANGE_WORDS } from '../../net/named-ranges.js'
import { parsePrefix } from '../../net/prefix.js'
import { parseDuration } from '../../text/duration.js'

/*
 * What the values of options are: each reads the text of one, and throws a RangeError that says what was expected
 * and quotes what was given.
 */

/** Reads the text of one value; where there are only a few values, `choices` names them. */
export interface ParseValue<T> {
  (text: string): T
  choices?: readonly string[]
}

/** A whole number between two bounds. */
export function whole(from: number, to: number): (text: string) => number {
  return text => {
    const number = Number(text)
    if (/^\d{1,15}$/.test(text) && number >= from && number <= to) return number
    throw new RangeError(`expected a whole number from ${from} to ${to}, got ${quote(text)}`)
  }
}

/** A time span between two bounds, in seconds: `3600`, `45s`, `10m`, `12h` or `30d`. */
export function duration(from: number, to: number): (text: string) => number {
  return text => {
    const seconds = parseDuration(text) ?? Number.NaN
    if (seconds >= from && seconds <= to) return seconds
    throw new RangeError(
      `expected seconds from ${from} to ${to}, or a time like 45s, 10m, 12h or 30d, got ${quote(text)}`,
    )
  }
}

/** A number between two bounds, fractions allowed. */
export function number(from: number, to: number): (text: string) => number {
  return text => {
    const given = Number(text)
    if (/^\d{1,9}(?:\.\d{1,6})?$/.test(text) && given >= from && given <= to) return given
    throw new RangeError(`expected a number from ${from} to ${to}, got ${quote(text)}`)
  }
}

/** A share like `20%`, as a fraction from 0 to 1. */
export function percent(text: string): number {
  const [, digits] = /^(\d{1,3}(?:\.\d{1,2})?)%$/.exec(text === '0' ? '0%' : text) ?? []
  const share = Number(digits) / 100
  if (share >= 0 && share <= 1) return share
  throw new RangeError(`expected a share from 0% to 100%, such as 20%, got ${quote(text)}`)
}

/** One bit of 32, as a number: 0x10000000. */
export function bit(given: string): number {
  const number = Number(given)
  if (
    /^(?:0x[0-9a-f]{1,8}|\d{1,10})$/i.test(given) &&
    number > 0 &&
    number < 2 ** 32 &&
    Number.isInteger(Math.log2(number))
  )
    return number
  throw new RangeError(`expected a single bit such as 0x10000000, got ${quote(given)}`)
}

/** Any text that holds something. */
export function text(given: string): string {
  if (given === '') throw new RangeError('expected some text, got ""')
  return given
}

/** One line of text, of at most so many UTF-16 units. */
export function oneLine(most: number): (text: string) => string {
  return given => {
    if (given.trim() !== '' && given.length <= most && !/[\p{Cc}\u2028\u2029]/u.test(given)) return given
    throw new RangeError(
      `expected one line of at most ${most} characters, got ${quote(given.slice(0, most))}`,
    )
  }
}

/** A text of a given form. */
export function pattern(form: RegExp, expected: string): (text: string) => string {
  return text => {
    if (form.test(text)) return text
    throw new RangeError(`expected ${expected}, got ${quote(text)}`)
  }
}

/** One of a few values. */
export function oneOf<const W extends string>(...choices: W[]): ParseValue<W> {
  const read = (text: string): W => {
    const choice = choices.find(one => one === text)
    if (choice !== undefined) return choice
    throw new RangeError(`expected ${choices.join(' or ')}, got ${quote(text)}`)
  }
  return Object.assign(read, { choices })
}

/** Words separated by spaces, of letters, digits and `_.:/=-` only: they go into a rule. */
export function words(given: string): string[] {
  const parts = given.split(' ').filter(Boolean)
  if (parts.length > 0 && parts.every(part => /^[A-Za-z0-9_.:/=-]+$/.test(part))) return parts
  throw new RangeError(`expected words of letters, digits and _.:/=-, got ${quote(given)}`)
}

/** What stands for ranges by name, for the help. */
export const rangeWords = RANGE_WORDS.join(', ')

/**
 * A range like 10.0.0.0/8, an address or the name of ranges, or `@FILE` with one a line (blank lines and `#` comments
 * aside). @returns the ranges, names replaced by what they stand for
 */
export function ranges(given: string): string[] {
  const listed = given.startsWith('@') ? listedIn(file(given.slice(1))) : [given]
  return listed.flatMap(text => {
    const named = namedRanges(text)
    if (named) return [...named]
    if (parsePrefix(text)) return [text]
    throw new RangeError(`expected an address, a range like 10.0.0.0/8, or ${rangeWords}, got ${quote(text)}`)
  })
}

/** The same, checked and kept as given, for ranges that are reloaded. */
export function rangesText(given: string): string {
  ranges(given)
  return given
}

function listedIn(content: string): string[] {
  return content.split('\n').flatMap(line => line.replace(/#.*/, '').trim() || [])
}

/** The content of a file that is there. */
export function file(given: string): string {
  try {
    return readFileSync(given, 'utf8')
  } catch (error) {
    throw new RangeError(`cannot read ${quote(given)}: ${messageOf(error)}`)
  }
}

/** The bytes of a file of text, at least one and no more than so many. */
export function content(max: number): (given: string) => Buffer {
  return given => {
    let size: number
    let bytes: Buffer
    try {
      size = statSync(given).size
      bytes = size > max ? Buffer.alloc(0) : readFileSync(given)
    } catch (error) {
      throw new RangeError(`cannot read ${quote(given)}: ${messageOf(error)}`)
    }
    if (size > max || bytes.length > max || bytes.length === 0) {
      throw new RangeError(
        `expected a file of 1 to ${max} bytes, got ${Math.max(size, bytes.length)} in ${quote(given)}`,
      )
    }
    if (!isUtf8(bytes) || bytes.includes(0)) throw new RangeError(`expected UTF-8 text in ${quote(given)}`)
    return bytes
  }
}

/** Statuses: classes (`4xx`), codes (`404`), ranges (`500-503`), joined by commas, or `any`. */
export function statuses(given: string): (status: number) => boolean {
  const wanted = new Set<number>()
  for (const part of given.split(',')) {
    const [, digit, from, to] = /^(?:([1-9])xx|([1-9]\d\d)(?:-([1-9]\d\d))?)$/i.exec(part) ?? []
    const first = digit ? Number(digit) * 100 : Number(from)
    const last = digit ? first + 99 : Number(to ?? from)
    if (given === 'any') return () => true
    if (!(first <= last)) {
      throw new RangeError(`expected statuses like 4xx,500-503,404 or any, got ${quote(given)}`)
    }
    for (let status = first; status <= last; status++) wanted.add(status)
  }
  return status => wanted.has(status)
}

export function quote(given: string): string {
  return JSON.stringify(given)
}
