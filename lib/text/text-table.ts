/** A cell of a table; a number stands to the right. */
export type Cell = string | number

/** The width of each column, in characters. */
export function columnWidths(rows: readonly (readonly string[])[]): number[] {
  const widths: number[] = []
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length)
  }
  return widths
}

/**
 * A table for a terminal, as its lines, without blanks at their ends. A column that holds a number in any row stands to
 * the right, with its head.
 * @param show writes a number
 */
export function textTable(
  heads: readonly string[],
  rows: readonly (readonly Cell[])[],
  show: (count: number) => string = String,
): string[] {
  const isRight = heads.map((_, i) => rows.some(row => typeof row[i] === 'number'))
  const shown = rows.map(row => row.map(cell => (typeof cell === 'number' ? show(cell) : cell)))
  const lines = [heads, ...shown]
  const widths = columnWidths(lines)
  const pad = (cell: string, i: number) =>
    isRight[i] ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)
  return lines.map(line => line.map(pad).join('  ').trimEnd())
}
