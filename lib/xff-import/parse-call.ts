/** A filter or an action with its options, as a jail refers to it: `name[option=value, other="va, lue"]`. */
export interface Call {
  name: string
  options: Map<string, string>
}

/** Calls that were read, and the texts between them that could not be. */
export interface Calls {
  calls: Call[]
  unread: string[]
}

/** The parts of a call; each is tried at one position alone. */
const NAME = /[^[\s]+/y
const OPEN = /\s*\[/y
const OPTION = /\s*([\w.-]+)=(?:"([^"]*)"|'([^']*)')(?=\s*[,\]])/y
const UNQUOTED_OPTION = /\s*([\w.-]+)=([^,\]\n]*)/y
const SEPARATOR = /\s*(?:,|\]\s*\[)/y
const CLOSE = /\s*\]/y

/** Reads one call, whose name may have spaces in it. Options in a form that fail2ban refuses are left out. */
export function parseCall(text: string): Call {
  const bracket = text.indexOf('[')
  if (bracket < 0) return { name: text.trim(), options: new Map() }
  return { name: text.slice(0, bracket).trim(), options: readOptions(text, bracket).options ?? new Map() }
}

/** Reads a list of calls, separated by white space, in one pass. */
export function parseCalls(text: string): Calls {
  const calls: Call[] = []
  const unread: string[] = []
  let position = 0
  while (position < text.length) {
    const name = matchAt(NAME, text, position)
    if (!name) {
      const start = position
      position += 1
      if (text[start] === '[') {
        // options that belong to no name
        position = readOptions(text, start).end
        unread.push(text.slice(start, position))
      }
      continue
    }
    const afterName = position + name[0].length
    const { options, end } = readOptions(text, afterName)
    if (options) calls.push({ name: name[0], options })
    else unread.push(text.slice(position, end))
    position = end
  }
  return { calls, unread }
}

/**
 * Reads what may follow a name: nothing, or options in brackets.
 * @returns where they end; without `options` where the brackets are malformed: then the end of the line of what was
 * read last, so that what follows it is read, and nothing twice
 */
function readOptions(text: string, start: number): { options?: Map<string, string>; end: number } {
  const options = new Map<string, string>()
  const open = matchAt(OPEN, text, start)
  if (!open) return { options, end: start }
  let position = start + open[0].length
  while (position < text.length) {
    const found = matchAt(OPTION, text, position) ?? matchAt(UNQUOTED_OPTION, text, position)
    if (found) {
      const [all, option = '', double, single] = found
      options.set(option.toLowerCase(), (double ?? single ?? '').trim())
      position += all.length
    }
    const separator = matchAt(SEPARATOR, text, position)
    const close = matchAt(CLOSE, text, position)
    if (separator) position += separator[0].length
    else if (close) return { options, end: position + close[0].length }
    else if (!found) break
  }
  const line = text.indexOf('\n', position)
  return { end: line < 0 ? text.length : line }
}

function matchAt(pattern: RegExp, text: string, position: number): RegExpExecArray | null {
  pattern.lastIndex = position
  return pattern.exec(text)
}
