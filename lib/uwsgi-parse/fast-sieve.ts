import { CHUNK_BYTES, chunksOf, ordinaryOf } from './fast-steps.js'
import type { Format } from './layout/log-format.js'
import type { OrdinaryPart } from './layout/part.js'
import type { Grammar } from './layout/variables.js'
import { USERS } from './repair/torn-records.js'

/**
 * How the status of a line is found without reading the line: whose status nobody asked for need not be read, and those
 * are most lines of most logs.
 */
export type Sieve = EndSieve | QuoteSieve

/** From the end: between the status and the end of the line stand literals and digits only. */
export interface EndSieve {
  from: 'end'
  /** what the line begins with, which may be empty; and what stands before the status */
  head: string
  before: string
  /** from the end of the line to the status */
  rows: readonly EndRow[]
}

/** A literal, and how many digits stand before it: 0 where none are to be looked for. */
export interface EndRow {
  literal: string
  least: number
  most: number
}

/**
 * By quotes: a line that has as many of them as the literals of its layout, where no field can hold one, has them where these
 * literals stand, and so the status behind a certain one.
 */
export interface QuoteSieve {
  from: 'quotes'
  head: string
  /** how many there are in a line, and up to the status */
  count: number
  nth: number
  /** what stands before the status from its quote on, what behind it, and at the end of the line */
  before: string
  behind: string
  tail: string
}

/** How much of the end of a line is looked at: enough for numbers of common length. */
export const END_BYTES = 60
/** How many of these are literals at the most. */
const MAX_END_LITERALS = 44
/** The module may look at 64 bytes for each, before the line (MARGIN_BYTES of lib/fast/assembly/input-buffers.ts). */
const MAX_ROWS = 7
const MAX_DIGITS = 10

/**
 * A line that the sieve takes for a request need not be one. Where a user's name may hold a newline, the piece before that
 * must not pass for one, or the other piece would be believed: there, lines are read.
 * @returns undefined also where a line may be of another layout, whose status stands elsewhere
 */
export function compileSieve({ isOwn, layouts }: Format, parts: readonly OrdinaryPart[]): Sieve | undefined {
  const mayBeTorn = parts.some(part => 'text' in part && USERS.includes(part.text))
  if (!isOwn && (layouts.length > 1 || mayBeTorn)) return undefined
  const status = parts.findIndex(part => 'field' in part && part.field === 'status')
  const [before, behind] = [literalAt(parts, status - 1), parts.slice(status + 1)]
  if (before === '' || /[\d-]$/.test(before)) return undefined
  const head = literalAt(parts, 0).slice(0, CHUNK_BYTES)
  const rows = endRows(behind)
  if (rows) return { from: 'end', head, before: before.slice(-CHUNK_BYTES), rows }
  return quoteSieve(parts, status, head)
}

function literalAt(parts: readonly OrdinaryPart[], index: number): string {
  const part = parts[index]
  return part && 'literal' in part ? part.literal : ''
}

/** @returns undefined where anything else stands behind the status */
function endRows(behind: readonly OrdinaryPart[]): EndRow[] | undefined {
  const rows: EndRow[] = []
  let run = { least: 3, most: 3 }
  let isBehindDigits = true
  for (const part of behind) {
    if ('literal' in part) {
      // else digits could be taken for a part of it
      if (/^[\d-]|[\d-]$/.test(part.literal)) return undefined
      for (const literal of chunksOf(part.literal)) {
        rows.unshift({ literal, ...run })
        run = { least: 0, most: 0 }
      }
      isBehindDigits = false
    } else {
      const ordinary = ordinaryOf(part)
      if (isBehindDigits || !ordinary || !('most' in ordinary) || ordinary.does === 'word') return undefined
      run = { least: 1, most: Math.min(ordinary.most, MAX_DIGITS) }
      isBehindDigits = true
    }
  }
  if (isBehindDigits) rows.unshift({ literal: '', ...run })
  const literals = rows.reduce((sum, { literal }) => sum + literal.length, 0)
  return literals <= MAX_END_LITERALS && rows.length <= MAX_ROWS ? rows : undefined
}

function quoteSieve(parts: readonly OrdinaryPart[], status: number, head: string): QuoteSieve | undefined {
  const literal = literalAt(parts, status - 1)
  const before = literal.slice(Math.max(0, literal.lastIndexOf('"')))
  const behind = literalAt(parts, status + 1).slice(0, CHUNK_BYTES)
  const tail = literalAt(parts, parts.length - 1).slice(-CHUNK_BYTES)
  const isSure =
    before.startsWith('"') &&
    before.length <= CHUNK_BYTES &&
    /^[^\d-]/.test(behind) &&
    // what uWSGI says of a request that hung ends in a number
    /[^\d-]$/.test(tail) &&
    !parts.some(part => 'optional' in part || ('field' in part && mayHoldQuote(part.grammar)))
  if (!isSure) return undefined
  const [count, nth] = [quotesIn(parts), quotesIn(parts.slice(0, status))]
  return { from: 'quotes', head, count, nth, before, behind, tail }
}

function quotesIn(parts: readonly OrdinaryPart[]): number {
  const literals = parts.map(part => ('literal' in part ? part.literal : ''))
  return literals.join('').split('"').length - 1
}

/** Whether the pattern of a field has a quote in it but as a character that cannot stand there. */
function mayHoldQuote({ source }: Grammar): boolean {
  const [first, ...classes] = source.replaceAll(/\\[\\\]]/g, '').split('[^')
  const ends = classes.map(text => text.indexOf(']'))
  const others = classes.map((text, i) => text.slice(ends[i]))
  return (
    classes.some((text, i) => !text.slice(0, ends[i]).includes('"')) ||
    /"|\\S/.test([first, ...others].join(''))
  )
}
