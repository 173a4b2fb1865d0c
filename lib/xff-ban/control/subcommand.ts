import { formatPrefix, parsePrefix } from '../../net/prefix.js'
import { readTargetList, type Target } from './target-list.js'

/** What xff-ban is to do; without a subcommand it is the filter. */
export type Subcommand =
  | { verb: 'filter' }
  | { verb: 'list' }
  | { verb: 'allowed' }
  | { verb: 'flush' }
  | { verb: 'check'; url: URL }
  /** at least one target; `unread` is what was not understood in lists of them */
  | { verb: Change; targets: Target[]; unread?: readonly string[] }
  /** canonical addresses or prefixes; none: all that is held back */
  | { verb: 'release'; targets: string[] }
  | { verb: 'drop'; targets: string[] }

/** What changes who is banned. */
export type Change = 'ban' | 'unban' | 'allow' | 'disallow'

export type Verb = Subcommand['verb']

export const SUBCOMMANDS = [
  { call: 'list', describe: 'shows who is banned: a table, or JSON Lines in a pipe' },
  {
    call: 'ban IP...',
    describe:
      'bans addresses or prefixes; @FILE instead of IP, here and below, is a list of them, one a line',
  },
  { call: 'unban IP...', describe: 'ends their bans', completes: 'banned addresses' },
  { call: 'flush', describe: 'ends all bans' },
  {
    call: 'allow IP...',
    describe: 'ends their bans, and refuses new ones until that ends by --for or disallow',
  },
  { call: 'disallow IP...', describe: 'ends that' },
  { call: 'allowed', describe: 'shows who is allowed, or unbanned for some time' },
  { call: 'release [IP...]', describe: 'lets bans fall that --brake holds back, or all of these' },
  { call: 'drop [IP...]', describe: 'forgets bans that --brake holds back, or all of these' },
  {
    call: 'check URL',
    describe: 'shows whether a ban would bite, by a request to this URL of the front end',
  },
] as const

export const SUBCOMMANDS_NOTE =
  'A subcommand goes to the xff-ban that runs with this --name or --state; if none runs, it is carried out directly:'

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
        `expected list, ban, unban, flush, allow, disallow, allowed, release, drop, check or options only, got ${quote(verb)}`,
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
