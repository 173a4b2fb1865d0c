import { join } from 'node:path'
import { readConfig } from './config.js'
import { interpolated } from './interpolate.js'
import type { Call } from './parse-call.js'

/** An action of fail2ban, by what it does. */
export type Action = { name: string; options: ReadonlyMap<string, string> } & (
  | StringMatch
  | { kind: 'source-address' | 'mail' | 'other' }
)

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
  const [, hex, quoted, single, bare] =
    /-m string\b[^\n]*?--(hex-)?string\s+(?:"([^"]*)"|'([^']*)'|(\S+))/.exec(ban) ?? []
  const pattern = quoted ?? single ?? bare
  if (pattern !== undefined) {
    const match = { kind: 'string-match', pattern: withTags(pattern), hex: hex !== undefined } as const
    return { name, options: allOptions, ...match }
  }
  if (SENDS_MAIL.test(name)) return { name, options, kind: 'mail' }
  if (BY_SOURCE_ADDRESS.test(name) || /\b(ip6?tables|nft|ipset|<iptables>|<nftables>)\b.*<ip>/.test(ban))
    return { name, options, kind: 'source-address' }
  return { name, options, kind: 'other' }
}

function orUndefined<T>(get: () => T): T | undefined {
  try {
    return get()
  } catch {
    return undefined
  }
}
