import type { Fault, Report } from '../fault.js'

/** How many faults of a kind are shown before they are only counted. */
const SHOWN = 3
/** How much of a bad line is shown, in characters. */
const EXCERPT = 120

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

/** The beginning of a line from outside, harmless on a terminal: control and format characters as escapes. */
export function excerpt(text: string): string {
  const shown = text.length > EXCERPT ? `${text.slice(0, EXCERPT)}…` : text
  return shown.replace(
    /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\u2028\u2029]/gu,
    character => `\\u{${(character.codePointAt(0) as number).toString(16)}}`,
  )
}
