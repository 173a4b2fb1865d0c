import { excerpt } from '../text/printable.js'
import type { BadLine, OnBadLine } from '../wire/bad-line.js'

/** How many bad lines of a kind are shown; the others are only counted. */
const MAX_SHOWN_PER_KIND = 3

/** What a command writes to stderr. */
export interface Diagnostics {
  onBadLine: OnBadLine
  /** Writes a message, with the name of the command before it. */
  warn: (message: string) => void
  /** The number of bad lines by kind, as in the closing summary: `2 not JSON, 1 bad time`. */
  badLineSummary: () => string
  /** How many bad lines there were of all kinds. */
  badLineCount: () => number
}

export function createDiagnostics(command: string, write: (text: string) => void): Diagnostics {
  const counts = new Map<string, number>()
  const warn = (message: string) => write(`${command}: ${message}\n`)
  return {
    warn,
    onBadLine({ line, kind, text }: BadLine) {
      const count = (counts.get(kind) ?? 0) + 1
      counts.set(kind, count)
      if (count <= MAX_SHOWN_PER_KIND) warn(`line ${line}: ${kind}: ${excerpt(text)}`)
      if (count === MAX_SHOWN_PER_KIND + 1) warn(`further "${kind}" lines are counted, not shown`)
    },
    badLineSummary: () => [...counts].map(([kind, count]) => `${count} ${kind}`).join(', '),
    badLineCount: () => [...counts.values()].reduce((sum, count) => sum + count, 0),
  }
}
