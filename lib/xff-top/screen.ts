import type { Line, Look } from './picture.js'

/** How each look is written (ECMA-48, SGR). */
const STYLES: Readonly<Record<Look, string>> = {
  plain: '',
  title: '1',
  head: '1',
  bad: '1;31',
  good: '32',
  chosen: '7',
  soft: '2',
}
/** Without colours, what is left is bold, faint and reversed. */
const PLAIN_STYLES: Readonly<Record<Look, string>> = { ...STYLES, bad: '1', good: '' }

/** What is on the terminal, so that only lines that differ are written. */
export interface Screen {
  /** @returns what is to be written */
  draw: (lines: readonly Line[]) => string
  /** Next time the terminal is cleared, and all is written again. */
  forget: () => void
}

const CLEAR = '\x1b[2J'
/** To an alternate screen, without a cursor and without wrapping; and back. */
export const ENTER = `\x1b[?1049h\x1b[?25l\x1b[?7l${CLEAR}`
export const LEAVE = '\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l'

export function createScreen(withColours: boolean): Screen {
  const styles = withColours ? STYLES : PLAIN_STYLES
  let before: string[] = []
  let clear = ''
  return {
    draw(lines) {
      const written = lines.map(({ text, look }) => {
        const style = styles[look]
        return style === '' || text === '' ? text : `\x1b[${style}m${text}\x1b[0m`
      })
      // erased before it is written: behind the last column it would take that away
      const changes = written.flatMap((line, i) =>
        line === before[i] ? [] : `\x1b[${i + 1};1H\x1b[K${line}`,
      )
      before = written
      const all = clear + changes.join('')
      clear = ''
      return all
    },
    forget() {
      before = []
      clear = CLEAR
    },
  }
}
