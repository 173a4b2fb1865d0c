import type { Global } from '../fast/module.js'
import type { FastLayout } from './fast-layout.js'

/** What assembly/layout.ts does at a part of a line; it has the same numbers. */
const STEPS = {
  literal: 0,
  count: 1,
  number: 2,
  status: 3,
  date: 4,
  instant: 5,
  address: 6,
  oneAddress: 7,
  text: 8,
  lastText: 9,
} as const
/** What assembly/layout-record.ts writes of a part; it has the same numbers. */
const ROWS = { number: 0, text: 1, filledText: 2, list: 3, variable: 4 } as const

export type StepKind = keyof typeof STEPS
export type RowKind = keyof typeof ROWS

/** Lines that are as long may be what syslog has cut (repair/cut-records.ts). */
const MAX_BYTES = 994

/** What assembly/layout.ts and assembly/layout-record.ts export. */
export interface LayoutTable {
  steps: Global
  rows: Global
  strings: Global
  beginLayout: (steps: number, maxBytes: number, msecs: number) => void
  beginRows: (rows: number, keyBytes: number) => void
}

/** Tells a module how lines look, and what it writes of them. */
export function tellLayout(module: LayoutTable, memory: Buffer, layout: FastLayout): void {
  let end = module.strings.value
  const leave = (text: string): number => {
    const at = end
    end += memory.write(text, at, 'latin1')
    return at
  }
  const table = (start: number, rows: readonly (readonly number[])[]) => {
    for (const [i, number] of rows.flat().entries()) memory.writeInt32LE(number, start + 4 * i)
  }
  const steps = layout.steps.map(({ does, number, literal, without: [one = '', other = ''] }, place) => {
    const bytes = [one, other].map(byte => (byte === '' ? 0 : byte.charCodeAt(0)))
    return [STEPS[does], place, number, leave(literal), literal.length, ...bytes]
  })
  table(module.steps.value, steps)
  const begin = end
  table(
    module.rows.value,
    layout.rows.map(({ writes, place, key }) => [ROWS[writes], place, leave(key), key.length]),
  )
  module.beginLayout(steps.length, Math.min(MAX_BYTES, layout.cutAt), layout.msecs)
  module.beginRows(layout.rows.length, end - begin)
}
