import { EXIT } from '../exit.js'
import type { Jail } from './jails.js'
import type { Change } from './subcommand.js'
import { type Answer, askXffBan } from './xff-ban.js'

/** What a change came to, in all jails. */
export interface Changed {
  records: ({ jail: string } & Answer['records'][number])[]
  /** 0, or the gravest of the exit codes of xff-ban */
  code: number
}

/**
 * Has each of these jails change its bans, or tell who is allowed. A jail that was started by hand and runs no more has no settings by which it
 * could be changed: it is passed over, unless it is the only one.
 * @param options of xff-ban, in words
 */
export async function callEach(
  verb: Change | 'allowed',
  targets: readonly string[],
  options: readonly string[],
  jails: readonly Jail[],
  warn: (message: string) => void,
): Promise<Changed> {
  const words = [verb, ...targets, ...options]
  const changed: Changed = { records: [], code: 0 }
  for (const jail of jails) {
    const { records, said, code } = await askXffBan(jail, words)
    const isGone = !jail.settings && code === EXIT.usage && jails.length > 1
    if (isGone) continue
    for (const line of said) warn(`${jail.name}: ${line}`)
    changed.records.push(...records.map(record => ({ jail: jail.name, ...record })))
    changed.code = Math.max(changed.code, code)
  }
  return changed
}
