import { columnWidths } from '../../lib/text/text-table.js'

/**
 * Prints a table as Markdown, which reads as well on a terminal, row by row.
 * @param widths of the columns, in characters, where they are wider than their heads
 * @returns what prints a row
 */
export function startTable(
  title: string,
  heads: readonly string[],
  widths: readonly number[] = [],
): (cells: readonly string[]) => void {
  const padded = (cells: readonly string[]) =>
    heads.map((head, i) => (cells[i] ?? '').padEnd(Math.max(head.length, widths[i] ?? 0)))
  const print = (cells: readonly string[]) => console.log(`| ${padded(cells).join(' | ')} |`)
  console.log(`\n${title}\n`)
  print(heads)
  print(padded([]).map(({ length }) => '-'.repeat(length)))
  return print
}

/** Prints a table whose rows are there. */
export function printTable(
  title: string,
  heads: readonly string[],
  rows: readonly (readonly string[])[],
): void {
  const widths = columnWidths(rows)
  rows.forEach(startTable(title, heads, widths))
  console.log('')
}

/** The value below which a share of all lie. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}

export const milliseconds = (value: number): string => `${value.toFixed(value < 10 ? 1 : 0)} ms`
