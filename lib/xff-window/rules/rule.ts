import { asnOf } from '../../net/networks/networks.js'
import { decodeEscapes } from './path.js'

/** What a rule says, as it is written; what it leaves open is undefined. Times in seconds. */
export interface Rule {
  /** under which name its count and its bans go; undefined: its points go to the general limit */
  name: string | undefined
  /** patterns, decoded */
  path?: readonly string[]
  host?: readonly string[]
  agent?: readonly string[]
  /** in upper case */
  method?: readonly string[]
  status?: (status: number) => boolean
  /** numbers of autonomous systems */
  network?: readonly number[]
  points?: number
  max?: number
  find?: number
  time?: number
  share?: number
}

/** What is wrong with a rule, and where: the column counts from 1. */
export class RuleError extends Error {
  readonly column: number
  constructor(message: string, column: number) {
    super(message)
    this.column = column
  }
}

/** Reads the value of one key into a rule. @throws RangeError */
type Reader = (rule: Rule, text: string) => void

/** The name of the bans of a crowd, which no rule has. */
export const CROWD = 'crowd'
const MAX_POINTS = 10_000
const MAX_FIND = 31_536_000
const MAX_TIME = 315_360_000
const NAME = /^[A-Za-z0-9][\w.-]{0,63}$/
/** What counts for a name only. */
const OF_A_NAME: readonly string[] = ['max', 'find', 'time', 'share']

/** What reads values that options have as well; each throws a RangeError that says what it expects. */
export interface ValueReaders {
  statuses: (text: string) => (status: number) => boolean
  percent: (text: string) => number
  whole: (from: number, to: number) => (text: string) => number
  duration: (from: number, to: number) => (text: string) => number
}

/**
 * Compiles the reader of rules such as `login: path=/login,/admin/* method=POST max=5 find=10m`.
 * @throws RuleError (the reader)
 */
export function compileRuleReader({
  statuses,
  percent,
  whole,
  duration,
}: ValueReaders): (text: string) => Rule {
  const readers = new Map<string, Reader>([
    into('path', list(pathPattern)),
    into('method', list(method)),
    into('status', statuses),
    into('host', list(pattern)),
    into('agent', list(pattern)),
    into('network', list(network)),
    into('points', whole(0, MAX_POINTS)),
    into('max', whole(1, MAX_POINTS)),
    into('find', duration(1, MAX_FIND)),
    into('time', duration(1, MAX_TIME)),
    into('share', percent),
  ])
  const known = [...readers.keys()].map(key => `${key}=`).join(', ')

  return text => {
    const words = [...text.matchAll(/\S+/g)].map(({ 0: word, index }) => ({ word, column: index + 1 }))
    const rule: Rule = { name: nameIn(words) }
    for (const { word, column } of words) {
      const equals = word.indexOf('=')
      const key = equals < 0 ? word : word.slice(0, equals)
      const read = readers.get(key)
      if (!read) throw new RuleError(`expected one of ${known}, got ${quote(word)}`, column)
      if (Object.hasOwn(rule, key))
        throw new RuleError(`expected ${key}= once, got ${quote(word)} as well`, column)
      if (equals < 0) throw new RuleError(`expected ${key}=VALUE, got ${quote(word)}`, column)
      if (rule.name === undefined && OF_A_NAME.includes(key)) {
        throw new RuleError(
          `expected a name as in "login: …" with ${key}=; without one, points count for the general limit`,
          column,
        )
      }
      readValue(key, column, () => read(rule, word.slice(equals + 1)))
    }
    const end = text.trimEnd().length + 1
    if (Object.keys(rule).length === 1)
      throw new RuleError('expected a condition such as path=/login, got none', end)
    if (rule.name === undefined && rule.points === undefined) {
      throw new RuleError('expected a name as in "login: …", or points=, got neither', 1)
    }
    return rule
  }
}

interface Word {
  word: string
  column: number
}

/** Takes the name off the words, if they begin with one. */
function nameIn(words: Word[]): string | undefined {
  const [first] = words
  const word = first?.word ?? ''
  if (!/^[^=]*:/.test(word)) return undefined
  const name = word.slice(0, -1)
  if (!word.endsWith(':') || !NAME.test(name)) {
    throw new RuleError(
      `expected a name of letters, digits and _.-, a colon and a blank, got ${quote(word)}`,
      1,
    )
  }
  if (name === CROWD)
    throw new RuleError(`expected another name than ${quote(name)}, which is that of crowds`, 1)
  words.shift()
  return name
}

/** Reads the value of a key. @throws RuleError */
function readValue(key: string, column: number, read: () => void): void {
  try {
    read()
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new RuleError(`${key}: ${error.message}`, column + key.length + 1)
  }
}

function into<K extends Exclude<keyof Rule, 'name'>>(
  key: K,
  read: (text: string) => Rule[K],
): [string, Reader] {
  return [
    key,
    (rule, text) => {
      rule[key] = read(text)
    },
  ]
}

function list<T>(read: (text: string) => T): (text: string) => T[] {
  return text => text.split(',').map(read)
}

/** A pattern of a path. A query is no part of one. */
export function pathPattern(text: string): string {
  if (!/^[/*?]/.test(text)) {
    throw new RangeError(`expected a path that begins with / or *, got ${quote(text)}`)
  }
  if (/[?&][\w.[\]-]*=/.test(text))
    throw new RangeError(`expected a path without a query, got ${quote(text)}`)
  return decodeEscapes(pattern(text))
}

const MAX_PATTERN_LENGTH = 250

function pattern(text: string): string {
  if (text !== '' && text.length <= MAX_PATTERN_LENGTH) return text
  throw new RangeError(`expected a pattern of 1 to ${MAX_PATTERN_LENGTH} characters, got ${quote(text)}`)
}

function method(text: string): string {
  if (/^[A-Za-z]{1,32}$/.test(text)) return text.toUpperCase()
  throw new RangeError(`expected a method such as POST, got ${quote(text)}`)
}

function network(text: string): number {
  const asn = asnOf(text)
  if (asn !== undefined) return asn
  throw new RangeError(`expected a network such as AS64500, got ${quote(text)}`)
}

function quote(text: string): string {
  return JSON.stringify(text)
}
