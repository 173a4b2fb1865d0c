import { join } from 'node:path'
import { readConfig } from './config.js'
import { interpolated } from './interpolate.js'
import type { Called } from './parse-call.js'

/** What an action of fail2ban does, as far as it matters here. */
export type Action = { name: string; options: ReadonlyMap<string, string> } & (
  | { does: 'search'; text: string; hex: boolean }
  | { does: 'refuse' }
  | { does: 'mail' }
  | { does: 'else' }
)

/** Those of fail2ban's own actions that refuse packets by the address they come from. */
const REFUSES =
  /^(iptables|nftables|ufw|firewallcmd|shorewall|route|pf|ipfw|npf|bsd-ipfw|ipfilter|osx-|hostsdeny|apf|symbiosis)/
const MAILS = /^(send)?mail(-|x?$)|^smtp\.py$/

/**
 * Finds out what an action does, from its file beside the jail's where there is one.
 * The options are those of the call, then those of the file's `[Init]`.
 */
export async function readAction({ name, options }: Called, folder: string): Promise<Action> {
  const config = await readConfig(join(folder, 'action.d', name))
  const get = interpolated(config)
  const all = new Map([...(config.sections.get('Init') ?? []), ...options])
  const tagged = (text: string) => text.replace(/<([\w-]+)>/g, (tag, option) => all.get(option) ?? tag)
  const ban = read(() => get('Definition', 'actionban')) ?? ''
  const [, kind, quoted, single, bare] =
    /-m string\b[^\n]*?--(hex-)?string\s+(?:"([^"]*)"|'([^']*)'|(\S+))/.exec(ban) ?? []
  const text = quoted ?? single ?? bare
  if (text !== undefined)
    return { name, options: all, does: 'search', text: tagged(text), hex: kind !== undefined }
  if (MAILS.test(name)) return { name, options, does: 'mail' }
  if (REFUSES.test(name) || /\b(ip6?tables|nft|ipset|<iptables>|<nftables>)\b.*<ip>/.test(ban))
    return { name, options, does: 'refuse' }
  return { name, options, does: 'else' }
}

function read<T>(get: () => T): T | undefined {
  try {
    return get()
  } catch {
    return undefined
  }
}
