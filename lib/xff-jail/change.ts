import { EXIT } from '../exit.js'
import type { BanRecord, HeldRecord, UnbanRecord } from '../wire/record.js'
import type { Jail } from './jails.js'
import { askXffBan } from './xff-ban.js'

/** What a change came to, in all jails. */
export interface Changed {
  records: ({ jail: string } & (BanRecord | HeldRecord | UnbanRecord))[]
  /** 0, or the gravest of the exit codes of xff-ban */
  code: number
}

/**
 * Bans or unbans in each of these jails. A jail that was started by hand and runs no more has no settings by which it
 * could be changed: it is passed over, unless it is the only one.
 */
export async function changeBans(
  verb: 'ban' | 'unban',
  targets: readonly string[],
  time: number | undefined,
  jails: readonly Jail[],
  warn: (message: string) => void,
): Promise<Changed> {
  const words = [verb, ...targets, ...(time === undefined ? [] : ['--time', String(time)])]
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
