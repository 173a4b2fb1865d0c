import { formatPrefix, parsePrefix } from '../../net/prefix.js'
import { didYouMean } from '../../text/nearest.js'
import { readTargetList, type Target } from './target-list.js'

/** What xff-ban is to do; without a subcommand it is the filter. */
export type Subcommand =
  | { verb: 'filter' }
  | { verb: 'list' }
  | { verb: 'allowed' }
  | { verb: 'flush' }
  | { verb: 'crawlers' }
  | { verb: 'check'; url: URL }
  /** at least one target; `unread` is what was not understood in lists of them */
  | { verb: Change; targets: Target[]; unread?: readonly string[] }
  /** canonical addresses or prefixes; none: all that is held back */
  | { verb: 'release'; targets: string[] }
  | { verb: 'drop'; targets: string[] }

/** What changes who is banned. */
export type Change = 'ban' | 'unban' | 'allow' | 'disallow'

export type Verb = Subcommand['verb']

const VERBS = [
  'list',
  'ban',
  'unban',
  'flush',
  'allow',
  'disallow',
  'allowed',
  'crawlers',
  'release',
  'drop',
  'check',
] as const satisfies Verb[]

/**
 * Reads the words of the command line.
 * @throws RangeError
 */
export function readSubcommand(words: readonly string[]): Subcommand {
  const [verb, ...rest] = words
  switch (verb) {
    case undefined:
      return { verb: 'filter' }
    case 'list':
    case 'allowed':
    case 'flush':
    case 'crawlers':
      if (rest.length > 0) throw new RangeError(`${verb}: expected nothing more, got ${quote(rest[0])}`)
      return { verb }
    case 'ban':
    case 'unban':
    case 'allow':
    case 'disallow':
      return { verb, ...readTargets(verb, rest) }
    case 'release':
    case 'drop':
      return { verb, targets: rest.map(readTarget) }
    case 'check':
      return { verb, url: readUrl(rest) }
    default:
      throw new RangeError(
        `expected ${VERBS.join(', ')} or options only, got ${quote(verb)}${didYouMean(verb, VERBS)}`,
      )
  }
}

function readUrl([text, ...rest]: readonly string[]): URL {
  const url = text !== undefined && URL.canParse(text) ? new URL(text) : undefined
  if (!url || rest.length > 0 || !['http:', 'https:'].includes(url.protocol)) {
    throw new RangeError(
      `check: expected one http:// or https:// URL, got ${text === undefined ? 'none' : quote(rest[0] ?? text)}`,
    )
  }
  return url
}

/** Addresses, prefixes, and `@FILE` with a list of them. */
function readTargets(verb: Change, words: readonly string[]): { targets: Target[]; unread: string[] } {
  if (words.length === 0) throw new RangeError(`${verb}: expected addresses, got none`)
  const lists = words.map(word =>
    word.startsWith('@') ? readTargetList(word.slice(1)) : { targets: [{ ip: readTarget(word) }] },
  )
  return {
    targets: lists.flatMap(({ targets }) => targets),
    unread: lists.flatMap(({ unread }) => unread ?? []),
  }
}

function readTarget(text: string): string {
  const prefix = parsePrefix(text)
  if (!prefix) throw new RangeError(`expected an address or a prefix, got ${quote(text)}`)
  return formatPrefix(prefix)
}

function quote(text: string | undefined): string {
  return JSON.stringify(text)
}
