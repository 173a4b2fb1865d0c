import { readFileSync } from 'node:fs'
import { codeOf, messageOf } from '../../../exit.js'
import { runProgram } from '../run-program.js'
import type { Family } from './listeners.js'
import { remove } from './tables.js'

/** iptables comes in two variants, which keep their rules apart while the kernel obeys both. */
type Variant = 'nft' | 'legacy'

/** The kernel's list of the tables that iptables-legacy has in this network namespace; only root may read it. */
const LEGACY_TABLES: Readonly<Record<Family, string>> = {
  iptables: '/proc/net/ip_tables_names',
  ip6tables: '/proc/net/ip6_tables_names',
}

/**
 * Removes what earlier runs have left of a jail with another variant than the one that is called iptables: nobody would
 * ever lift those bans.
 * @returns what was removed, and what could not be, for people to read
 */
export async function removeOfOthers(families: readonly Family[], name: string): Promise<string[]> {
  const said: string[] = []
  const unseen: string[] = []
  for (const family of families) {
    const own = await variantOf(family)
    if (own !== 'legacy' && hasLegacy(family) === undefined) unseen.push(`${family}-legacy`)
    else if (own !== 'legacy' && hasLegacy(family)) said.push(...(await removeLegacy(family, name)))
    // without the program there is nothing either, or it would be the one that is called iptables
    if (own !== 'nft' && (await remove(`${family}-nft`, name).catch(() => false)))
      said.push(`${family}-nft: rules of an earlier run are removed`)
  }
  if (unseen.length > 0) {
    said.push(
      `only root can see whether an earlier run has left rules with ${unseen.join(' and ')}; ` +
        `as root: ${unseen.map(program => `${program}-save | grep ${name}`).join('; ')}`,
    )
  }
  return said
}

/** Whether a family has tables of iptables-legacy; undefined where that cannot be seen. */
function hasLegacy(family: Family): boolean | undefined {
  try {
    // asked by itself, iptables-legacy would make the tables that it looks for
    return readFileSync(LEGACY_TABLES[family], 'latin1') !== ''
  } catch (error) {
    return codeOf(error) === 'ENOENT' ? false : undefined
  }
}

async function removeLegacy(family: Family, name: string): Promise<string[]> {
  const program = `${family}-legacy`
  try {
    return (await remove(program, name)) ? [`${program}: rules of an earlier run are removed`] : []
  } catch (error) {
    return [`${program} has tables here, in which old bans may stand: ${messageOf(error)}`]
  }
}

/** Which variant a family's program is. @returns undefined where it is not installed */
async function variantOf(family: Family): Promise<Variant | undefined> {
  const version = await runProgram([family, '--version']).catch(() => undefined)
  if (version === undefined) return undefined
  return version.includes('(nf_tables)') ? 'nft' : 'legacy'
}
