import { formatPrefix, parsePrefix } from '../net/prefix.js'
import type { Board, Eye } from './board.js'
import { type Line, picture } from './picture.js'
import { safe } from './safe.js'

/** How long a text can be that is looked for. */
const MAX_TYPED = 50

/** What a person does on the screen: one key after the other. */
export interface Live {
  /** Looks again. */
  look: () => Promise<void>
  /** @returns whether it is over */
  key: (key: string) => Promise<boolean>
  lines: (columns: number, rows: number) => Line[]
}

type Mode =
  | { name: 'tables' }
  | { name: 'typing'; text: string }
  | { name: 'panel'; lines: string[] }
  | { name: 'sure'; ip: string }

const HELP = [
  '',
  'arrows, j k   choose somebody who is at it now',
  '/             find an address or a prefix: is it banned, and why',
  'e, Enter      why the chosen one is banned',
  'u             unban the chosen one; it asks',
  'q             quit',
  '',
  'any key goes back',
]

export function createLive(eye: Eye, first: Board): Live {
  let board = first
  let mode: Mode = { name: 'tables' }
  let foot = ''
  /** the chosen one, by address, since the rows move */
  let chosen: string | undefined
  /** whom u and e are about: who is chosen, or was found */
  let about: string | undefined

  const row = () => {
    const at = board.present.findIndex(({ ip }) => ip === chosen)
    return at < 0 ? undefined : at
  }
  const move = (by: number) => {
    const to = (row() ?? (by > 0 ? -1 : board.present.length)) + by
    chosen = board.present[Math.max(0, Math.min(board.present.length - 1, to))]?.ip
    about = chosen
  }
  const showWhy = (ip: string) => {
    about = ip
    mode = { name: 'panel', lines: ['', ...eye.explain(ip)] }
  }
  const find = (text: string) => {
    mode = { name: 'tables' }
    const prefix = parsePrefix(text.trim())
    const found = board.present.find(({ ip }) => ip.startsWith(text.trim()))?.ip
    if (prefix) showWhy(formatPrefix(prefix))
    else if (found !== undefined && text !== '') [chosen, about] = [found, found]
    else foot = `nobody's address begins with ${JSON.stringify(safe(text))}`
  }
  const askWhetherSure = () => {
    if (about === undefined) foot = 'choose somebody first: arrows, or / and an address'
    else mode = { name: 'sure', ip: about }
  }

  const keyInTables = (key: string) => {
    foot = ''
    if (key === 'up' || key === 'k') move(-1)
    else if (key === 'down' || key === 'j') move(1)
    else if (key === '/') mode = { name: 'typing', text: '' }
    else if (key === 'u') askWhetherSure()
    else if (key === '?' || key === 'h') mode = { name: 'panel', lines: HELP }
    else if (key === 'e' || key === 'enter') {
      if (chosen === undefined) foot = 'choose somebody first: arrows, or / and an address'
      else showWhy(chosen)
    }
  }
  return {
    async look() {
      board = await eye.look()
    },
    async key(key) {
      if (key === 'end' || (key === 'q' && mode.name !== 'typing')) return true
      switch (mode.name) {
        case 'tables':
          keyInTables(key)
          break
        case 'typing':
          if (key === 'enter') find(mode.text)
          else mode = typed(key, mode.text)
          break
        case 'panel':
          mode = { name: 'tables' }
          if (key === 'u') askWhetherSure()
          break
        case 'sure': {
          const { ip } = mode
          mode = { name: 'tables' }
          foot = key === 'y' ? safe(await eye.unban(ip)) : `${safe(ip)} stays banned`
          board = await eye.look()
        }
      }
      return false
    },
    lines(columns, rows) {
      const panel = mode.name === 'panel' ? mode.lines : undefined
      return picture(board, { columns, rows, chosen: row(), foot: lastRow(mode, foot), panel })
    },
  }
}

/** What a key makes of the text that is typed. */
function typed(key: string, text: string): Mode {
  if (key === 'escape') return { name: 'tables' }
  if (key === 'backspace') return { name: 'typing', text: text.slice(0, -1) }
  return { name: 'typing', text: /^[ -~]$/.test(key) ? (text + key).slice(0, MAX_TYPED) : text }
}

/** What stands below: what is asked, or what came of the last key. */
function lastRow(mode: Mode, foot: string): string {
  if (mode.name === 'typing') return `find address: ${mode.text}_`
  if (mode.name === 'panel') return 'any key goes back, u unbans'
  return mode.name === 'sure' ? `unban ${safe(mode.ip)}? y: yes, any other key: no` : foot
}
