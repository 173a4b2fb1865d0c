import type { Global } from '../fast/module.js'
import type { FastLayout } from './fast-layout.js'
import { CHUNK_BYTES, type Step } from './fast-steps.js'

/** What assembly/steps.ts does at a part of a line; it has the same numbers. */
const STEPS = {
  nothing: 0,
  optional: 1,
  digits: 2,
  signed: 3,
  count: 4,
  number: 5,
  status: 6,
  date: 7,
  instant: 8,
  word: 9,
  slot: 10,
  text: 11,
  lastText: 12,
} as const
/** What assembly/record.ts writes of a part; it has the same numbers. */
const ROWS = { number: 0, text: 1, filledText: 2, list: 3, variable: 4 } as const

export type StepKind = keyof typeof STEPS
export type RowKind = keyof typeof ROWS

/** What assembly/steps.ts, assembly/record.ts and assembly/sieve.ts export. */
export interface LayoutTable {
  steps: Global
  rows: Global
  endRows: Global
  strings: Global
  beginSteps: (count: number, behindSieve: number, address: number, status: number, msecs: number) => void
  beginLines: (maxBytes: number, mayBePiece: boolean, takesUnknown: boolean) => void
  beginRows: (count: number, keyBytes: number) => void
  beginEndSieve: (head: number, before: number, rows: number) => void
  beginQuoteSieve: (
    ...[head, count, nth, before, behind, tail]: [number, number, number, number, number, number]
  ) => void
}

/** Tells a module how lines look, and what it writes of them. */
export function tellLayout(module: LayoutTable, memory: Buffer, layout: FastLayout): void {
  const { steps, rows, sieve } = layout
  const { text, literal, table } = writerAt(module.strings.value, memory)
  table(
    module.steps.value,
    steps.map(step => numbersOf(step, literal, text)),
  )
  module.beginSteps(steps.length, layout.stepsBehindSieve, layout.address, layout.status, layout.msecs)
  module.beginLines(layout.maxBytes, layout.mayBePiece, layout.takesUnknown)
  table(
    module.rows.value,
    rows.map(({ writes, place, key }) => [ROWS[writes], place, text(key), key.length]),
  )
  const keyBytes = rows.reduce((sum, { key }) => sum + key.length, 0)
  module.beginRows(rows.length, keyBytes)
  if (sieve?.from === 'end') {
    table(
      module.endRows.value,
      sieve.rows.map(row => [literal(row.literal), row.least, row.most === 0 ? 0 : row.most - row.least + 1]),
    )
    module.beginEndSieve(literal(sieve.head), literal(sieve.before), sieve.rows.length)
  } else if (sieve) {
    const { head, count, nth, before, behind, tail } = sieve
    module.beginQuoteSieve(literal(head), count, nth, literal(before), literal(behind), literal(tail))
  }
}

type Leave = (text: string) => number

/** Leaves texts and tables in the memory of a module. @param start where texts may be left */
function writerAt(start: number, memory: Buffer) {
  let end = start
  const text: Leave = left => {
    const at = end
    end += memory.write(left, at, 'latin1')
    return at
  }
  return {
    text,
    /** A literal of up to 16 characters, as `ascii` of assembly/bytes.ts has it: with its length, and as many ones. */
    literal: (left: string): number => {
      const at = text(left.padEnd(CHUNK_BYTES, '\0'))
      end = memory.writeUInt32LE(left.length, end)
      end = memory.writeUInt32LE(2 ** left.length - 1, end)
      return at
    },
    table: (at: number, rows: readonly (readonly number[])[]) => {
      for (const [i, number] of rows.flat().entries()) memory.writeInt32LE(number, at + 4 * i)
    },
  }
}

/** A step as the module has it, with two places at the end for what it finds. */
function numbersOf(
  { does, number, least, overlap, of, literal, without: [one = '', other = ''] }: Step,
  leaveLiteral: Leave,
  leave: Leave,
): number[] {
  const barred = [one, other].map(byte => (byte === '' ? 0 : byte.charCodeAt(0)))
  return [
    STEPS[does],
    number,
    least,
    overlap,
    of ? leave(charactersOf(of)) : 0,
    leaveLiteral(literal),
    ...barred,
    0,
    0,
  ]
}

/**
 * A set of ASCII characters as assembly/bytes.ts looks them up: for each lower half of a character, the upper halves with
 * which it is in the set, as bits.
 */
function charactersOf(set: RegExp): string {
  return Array.from({ length: 16 }, (_, lower) => {
    const upper = Array.from({ length: 8 }, (_, half) => half).filter(half =>
      set.test(String.fromCharCode(16 * half + lower)),
    )
    return String.fromCharCode(upper.reduce((bits, half) => bits | (1 << half), 0))
  }).join('')
}
