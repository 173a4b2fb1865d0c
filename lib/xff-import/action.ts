import { join } from 'node:path'
import { readConfig } from './config.js'
import { interpolated } from './interpolate.js'
import type { Call } from './parse-call.js'

/** An action of fail2ban, by what it does. */
export type Action = {
  name: string
  options: ReadonlyMap<string, string>
  /** what its rule has that is no option: `--dport 2286`, `-I DOCKER-USER` */
  literal?: { port?: string; chain?: string }
} & (StringMatch | { kind: 'source-address' | 'mail' | 'other' })

/** A rule of iptables' string match: `pattern` is what follows `--string`, or `--hex-string` if `hex`. */
export interface StringMatch {
  kind: 'string-match'
  pattern: string
  hex: boolean
}

/** fail2ban's own actions that refuse packets by their source address. */
const BY_SOURCE_ADDRESS =
  /^(iptables|nftables|ufw|firewallcmd|shorewall|route|pf|ipfw|npf|bsd-ipfw|ipfilter|osx-|hostsdeny|apf|symbiosis)/
const SENDS_MAIL = /^(send)?mail(-|x?$)|^smtp\.py$/

/**
 * Finds out what an action does, from its file in `action.d` where there is one.
 * An option of the call overrides that of the file's `[Init]`.
 * @param folder holds `action.d`
 */
export async function readAction({ name, options }: Call, folder: string): Promise<Action> {
  const config = await readConfig(join(folder, 'action.d', name))
  const get = interpolated(config)
  const allOptions = new Map([...(config.sections.get('Init') ?? []), ...options])
  const withTags = (text: string) =>
    text.replace(/<([\w-]+)>/g, (tag, option) => allOptions.get(option) ?? tag)
  const ban = orUndefined(() => get('Definition', 'actionban')) ?? ''
  const match = stringMatchOf(ban)
  const start = orUndefined(() => get('Definition', 'actionstart')) ?? ''
  if (match) {
    const literal = literalsOf(withTags(ban), withTags(start))
    return { name, options: allOptions, literal, ...match, pattern: withTags(match.pattern) }
  }
  if (SENDS_MAIL.test(name)) return { name, options, kind: 'mail' }
  if (BY_SOURCE_ADDRESS.test(name) || ban.split('\n').some(filtersAddress))
    return { name, options, kind: 'source-address' }
  return { name, options, kind: 'other' }
}

/** The string match of the first line of a script that has one. */
function stringMatchOf(script: string): StringMatch | undefined {
  for (const line of script.split('\n')) {
    const start = line.search(/-m string\b/)
    const [, hex, double, single, bare] =
      /--(hex-)?string\s+(?:"([^"]*)"|'([^']*)'|(\S+))/.exec(start < 0 ? '' : line.slice(start)) ?? []
    const pattern = double ?? single ?? bare
    if (pattern !== undefined) return { kind: 'string-match', pattern, hex: hex !== undefined }
  }
  return undefined
}

/** The port and the chain that a rule names itself; a chain of fail2ban's own is called from the one that counts. */
function literalsOf(ban: string, start: string): { port?: string; chain?: string } {
  const [, port] = /--dport[= ](\d{1,5})\b/.exec(ban) ?? []
  const rule = ban.split('\n').find(line => /-m string\b/.test(line)) ?? ''
  const [, own] = /\s-[IA] ([^\s-]\S{0,60})/.exec(rule) ?? []
  const calls = start.split('\n').flatMap(line => {
    const words = line.split(/\s/)
    const behind = (option: string) => words[words.indexOf(option) + 1]
    const chain = behind(words.includes('-I') ? '-I' : '-A')
    return chain !== undefined && own !== undefined && behind('-j') === own ? [chain] : []
  })
  const isOwn = own === undefined || /^f2b-|^fail2ban-|[<>]/.test(own)
  const chain = isOwn ? calls[0] : own
  return {
    ...(port === undefined ? {} : { port }),
    ...(chain === undefined || /[<>]/.test(chain) || chain === 'INPUT' ? {} : { chain }),
  }
}

/** Whether a line of a script has a packet filter treat an address. */
function filtersAddress(line: string): boolean {
  const program = line.search(/\b(?:ip6?tables|nft|ipset)\b|<(?:iptables|nftables)>/)
  return program >= 0 && line.includes('<ip>', program)
}

function orUndefined<T>(get: () => T): T | undefined {
  try {
    return get()
  } catch {
    return undefined
  }
}
