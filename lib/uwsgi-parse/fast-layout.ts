import { ADDRESSES } from './address-slot.js'
import { type Row, rowsOf } from './fast-record.js'
import { compileSieve, type Sieve } from './fast-sieve.js'
import { ordinaryOf, type Step, stepsOf } from './fast-steps.js'
import type { Format } from './layout/log-format.js'
import type { OrdinaryPart } from './layout/part.js'
import { RSYSLOG_BYTES } from './layout/uwsgi.js'
import { isNamedTime, SAME_AS } from './layout/variables.js'
import { instantOf } from './request.js'
import { parseCtime } from './time/date.js'
import type { LogClock } from './time/log-clock.js'

/** A layout as tables for the module. */
export interface FastLayout {
  /** how an ordinary line is read */
  steps: readonly Step[]
  /** what is written of it */
  rows: readonly Row[]
  /** how its status is found before it is read; undefined: that cannot be */
  sieve: Sieve | undefined
  /** the steps of the address and the status */
  address: number
  status: number
  /** how many steps read a line whose status the sieve has found */
  stepsBehindSieve: number
  /** the step of the duration that is added to the time; -1: none */
  msecs: number
  /** reads the date at the beginning of a text; undefined: a number tells the time */
  readDate: ReadDate | undefined
  /** lines of so many bytes are not ordinary */
  maxBytes: number
  /** whether a line may begin as the runtimes of containers write a piece of one: `TIME stdout P ` */
  mayBePiece: boolean
  /** whether a line whose client is not known is ordinary */
  takesUnknown: boolean
}

type ReadDate = (text: string, clock: LogClock) => { length: number; instant: number } | undefined

/** So short that a line of uWSGI's own layout is whole whatever its characters are, and its record stays within the bound. */
const MAX_OWN_BYTES = 2048
const MAX_PARTS = 64
const MAX_LITERAL_BYTES = 1000

/** Fields that are read in a way of their own. */
const ODD = ['tmicros', 'micros', 'secs', 'nanos', 'ctime', 'colour', 'rest of the line']
/** Names that JSON, and an object of JavaScript, have as they are, in the order in which they come. */
const IS_PLAIN_NAME = /^(?!(?:var\.|other )?(?:\d+|__proto__)$)[ !#-[\]-~]{0,100}$/
/** How many texts one record carries (request.ts). */
const MAX_TEXTS = 32

/**
 * Compiles the parts of a layout for the module, where that has steps for all of them.
 * @returns null for a layout that is left to the full parser
 */
export function compileLayout(format: Format): FastLayout | null {
  const { parts, isOwn, isEscaped, isDatedAtEnd, cutAt, read } = format
  if (!parts || isEscaped || read || !(isOwn || isPlain(parts))) return null
  const steps = stepsOf(parts)
  if (!steps) return null
  const names = steps.map(({ name }) => name)
  const rows = rowsOf(
    names,
    parts.flatMap(part => ('text' in part ? part.text : [])),
  )
  const status = names.indexOf('status')
  const msecs = isDatedAtEnd || names.includes('epoch') ? -1 : names.indexOf('msecs')
  const sieve = compileSieve(format, parts)
  const isAsked = msecs > status || rows.some(({ place }) => place > status)
  return {
    ...{ steps, rows, sieve, status, msecs },
    address: names.findIndex(name => ADDRESSES.includes(name)),
    // what stands behind the status the sieve has looked at
    stepsBehindSieve: sieve?.from === 'end' && !isAsked ? status : steps.length,
    readDate: dateReader(parts, format),
    // as long a line may be what syslog has cut (repair/cut-records.ts)
    maxBytes: isOwn ? MAX_OWN_BYTES : Math.min(RSYSLOG_BYTES, cutAt),
    mayBePiece: mayBePiece(parts),
    takesUnknown: isOwn,
  }
}

/** Whether each member of a record comes from one part, and one part tells an instant. */
function isPlain(parts: readonly OrdinaryPart[]): boolean {
  const names = parts.map(part => ('text' in part ? part.text : 'field' in part ? part.field : ''))
  const clocks = parts.filter(part => ['date', 'instant'].includes(ordinaryOf(part)?.does ?? ''))
  return (
    parts.length <= MAX_PARTS &&
    clocks.length === 1 &&
    names.filter(name => ADDRESSES.includes(name)).length === 1 &&
    parts.filter(part => 'text' in part).length <= MAX_TEXTS &&
    names.every((name, i) => name === '' || names.indexOf(name) === i) &&
    !Object.entries(SAME_AS).some(pair => pair.every(name => names.includes(name))) &&
    !names.some(name => ODD.includes(name) || isNamedTime(name) || !IS_PLAIN_NAME.test(name)) &&
    parts.reduce((sum, part) => sum + ('literal' in part ? part.literal.length : 0), 0) <= MAX_LITERAL_BYTES
  )
}

/** Reads a date by its own grammar. */
function dateReader(parts: readonly OrdinaryPart[], { dates }: Format): ReadDate | undefined {
  const part = parts.find(one => ordinaryOf(one)?.does === 'date')
  if (!part || !('field' in part)) return undefined
  const { field, grammar } = part
  const pattern = new RegExp(`^(?:${grammar.source})`)
  // with which strftime printed it, if it did
  const format = dates.find(date => date.field === field)?.format
  return (text, clock) => {
    const [found] = pattern.exec(text) ?? []
    if (found === undefined) return undefined
    const instant = field === 'ctime' ? clock.only(parseCtime(found)) : instantOf(found, format)
    return { length: found.length, instant }
  }
}

function mayBePiece([first, second]: readonly OrdinaryPart[]): boolean {
  if (!first || !('literal' in first) || !first.literal.includes(' ')) return true
  const behind = first.literal.slice(first.literal.indexOf(' ') + 1)
  return behind === '' ? !(second && 'field' in second) : behind.startsWith('s')
}
