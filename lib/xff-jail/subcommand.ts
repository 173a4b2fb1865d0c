import { didYouMean } from '../text/nearest.js'
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

/** What users of other tools type first, and what it is here. */
const FAMILIAR: Readonly<Record<string, string>> = {
  init: 'xff-jail setup',
  install: 'xff-jail setup',
  add: 'xff-jail setup, or xff-jail ban IP',
  start: 'systemctl start xff-jail@NAME, or xff-jail run NAME',
  stop: 'systemctl stop xff-jail@NAME',
  restart: 'systemctl restart xff-jail@NAME',
  reload: 'systemctl reload xff-jail@NAME',
  banned: 'xff-jail list',
  get: 'xff-jail list',
  set: 'xff-jail ban IP, or xff-jail unban IP',
  addignoreip: 'xff-jail allow IP',
  delignoreip: 'xff-jail disallow IP',
  allowlists: 'xff-jail allow IP, or xff-jail allowed',
  ping: 'xff-jail status',
  metrics: 'xff-jail status',
  decisions: 'xff-jail list, xff-jail ban IP, or xff-jail unban IP',
  alerts: 'xff-jail why IP',
  explain: 'uwsgi-parse --explain < LOG',
}

const VERBS = ['setup', 'run', 'status', 'list', 'why', 'ban', 'unban', 'allow', 'disallow', 'allowed']

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
    default: {
      const familiar = Object.hasOwn(FAMILIAR, verb)
        ? `; here it is: ${FAMILIAR[verb]}`
        : didYouMean(verb, VERBS)
      throw new RangeError(`expected ${VERBS.join(', ')}, got ${quote(verb)}${familiar}`)
    }
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
