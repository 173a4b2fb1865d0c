import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { messageOf } from '../../exit.js'
import { formatPrefix, parsePrefix } from '../../net/prefix.js'

/** Whom a subcommand is about. */
export interface Target {
  /** canonical address or prefix */
  ip: string
  /** the name of the file that lists it; undefined: it was given as a word */
  list?: string
  /** why it is allowed, where that differs from target to target */
  note?: string
}

/** What a list comes to. */
export interface TargetList {
  targets: Target[]
  /** what was not understood, for people; undefined: all was */
  unread?: string
}

/** How long a list may be: the largest that are published have half as many lines. */
const MAX_BYTES = 64 << 20
const MAX_TARGETS = 1_000_000
/** How many lines are named that are not understood. */
const MAX_NAMED = 3
const MAX_SHOWN = 80

/**
 * Reads a published list: an address or a prefix a line, before the first blank, comma or semicolon; `#` and `;` begin
 * comments. What it names twice is taken once, and a line that is not understood costs only itself.
 * @throws RangeError for a file that cannot be read, is too long, or names nobody
 */
export function readTargetList(path: string): TargetList {
  const list = basename(path)
  const found = new Set<string>()
  const wrong: string[] = []
  let wrongCount = 0
  for (const [i, line] of contentOf(path).split('\n').entries()) {
    const word = line
      .replace(/[#;].*/, '')
      .trim()
      .split(/[\s,]/, 1)[0]
    if (!word) continue
    const prefix = parsePrefix(word)
    if (prefix) found.add(formatPrefix(prefix))
    else {
      wrongCount++
      if (wrong.length < MAX_NAMED) wrong.push(`line ${i + 1}: ${JSON.stringify(line.slice(0, MAX_SHOWN))}`)
    }
    if (found.size > MAX_TARGETS)
      throw new RangeError(`expected at most ${MAX_TARGETS} addresses in ${JSON.stringify(path)}, got more`)
  }
  if (found.size === 0) {
    const got = wrong[0] ?? 'nothing'
    throw new RangeError(`expected an address or a prefix a line in ${JSON.stringify(path)}, got ${got}`)
  }
  const targets = [...found].map(ip => ({ ip, list }))
  if (wrongCount === 0) return { targets }
  const more = wrongCount > wrong.length ? ` and ${wrongCount - wrong.length} more` : ''
  return { targets, unread: `${path}: neither an address nor a prefix: ${wrong.join(', ')}${more}` }
}

function contentOf(path: string): string {
  let file: number | undefined
  try {
    file = openSync(path, 'r')
    const { size } = fstatSync(file)
    if (size <= MAX_BYTES) return readFileSync(file, 'latin1')
    throw new Error(`expected at most ${MAX_BYTES} bytes, got ${size}`)
  } catch (error) {
    throw new RangeError(`cannot read ${JSON.stringify(path)}: ${messageOf(error)}`)
  } finally {
    if (file !== undefined) closeSync(file)
  }
}
