import { excerpt } from '../text/printable.js'
import type { Fault, Report } from '../wire/bad-line.js'

/** How many faults of a kind are shown before they are only counted. */
const SHOWN = 3

/** What a command says on stderr. */
export interface Diagnostics {
  report: Report
  say: (message: string) => void
  /** Faults by kind, as the closing summary tells them: `2 not JSON, 1 bad time`. */
  faults: () => string
  /** How many there were of all kinds. */
  faulty: () => number
}

export function createDiagnostics(command: string, write: (text: string) => void): Diagnostics {
  const counts = new Map<string, number>()
  const say = (message: string) => write(`${command}: ${message}\n`)
  return {
    say,
    report({ line, kind, text }: Fault) {
      const count = (counts.get(kind) ?? 0) + 1
      counts.set(kind, count)
      if (count <= SHOWN) say(`line ${line}: ${kind}: ${excerpt(text)}`)
      if (count === SHOWN + 1) say(`more lines that are ${kind} are only counted`)
    },
    faults: () => [...counts].map(([kind, count]) => `${count} ${kind}`).join(', '),
    faulty: () => [...counts.values()].reduce((sum, count) => sum + count, 0),
  }
}
