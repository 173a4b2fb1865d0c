import { didYouMean } from '../text/nearest.js'
import { familiar } from './familiar.js'
import { checkTargets } from './xff-ban.js'

/** What is to be done, for which jail or addresses. */
export type Subcommand =
  | { verb: 'run'; name: string }
  | { verb: 'setup'; name: string | undefined }
  | { verb: 'status'; names: string[] }
  | { verb: 'list' | 'allowed' }
  | { verb: 'why' | Change; targets: string[] }

/** What changes the bans of jails. */
export type Change = 'ban' | 'unban' | 'allow' | 'disallow'

const VERBS = ['setup', 'run', 'status', 'list', 'why', 'ban', 'unban', 'allow', 'disallow', 'allowed']

/**
 * Answers what is typed as to fail2ban-client or cscli, with options that only they have.
 * @throws RangeError for that
 */
export function refuseFamiliar(argv: readonly string[]): void {
  const meant = familiar(argv)
  if (meant === undefined) return
  throw new RangeError(`expected ${VERBS.join(', ')}, got ${quote(argv.join(' '))} (did you mean: ${meant}?)`)
}

/**
 * Reads the words of the command line.
 * @throws RangeError
 */
export function readSubcommand([verb, ...rest]: readonly string[]): Subcommand {
  switch (verb) {
    case 'run':
      return { verb, name: onlyOf(verb, rest) }
    case 'setup':
      if (rest.length > 1)
        throw new RangeError(`setup: expected one name, got ${rest.map(quote).join(' and ')}`)
      return { verb, name: rest[0] }
    case 'status':
      return { verb, names: rest }
    case 'list':
    case 'allowed':
      if (rest.length > 0) throw new RangeError(`${verb}: expected nothing more, got ${quote(rest[0])}`)
      return { verb }
    case 'why':
    case 'ban':
    case 'unban':
    case 'allow':
    case 'disallow':
      checkTargets(verb, rest)
      return { verb, targets: rest }
    case undefined:
      throw new RangeError(`expected ${VERBS.join(', ')}; xff-jail --help shows what they do`)
    default:
      throw new RangeError(`expected ${VERBS.join(', ')}, got ${quote(verb)}${didYouMean(verb, VERBS)}`)
  }
}

function onlyOf(verb: string, words: readonly string[]): string {
  const [name] = words
  if (name !== undefined && words.length === 1) return name
  throw new RangeError(
    `${verb}: expected the name of one jail, got ${words.map(quote).join(' and ') || 'none'}`,
  )
}

function quote(text: string | undefined): string {
  return JSON.stringify(text)
}
