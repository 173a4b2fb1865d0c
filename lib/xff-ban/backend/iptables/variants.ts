import { messageOf } from '../../../exit.js'
import { runProgram } from '../run-program.js'
import { legacyTables } from './legacy-tables.js'
import type { Family } from './listeners.js'
import { remove } from './tables.js'

/** iptables comes in two variants, which keep their rules apart while the kernel obeys both. */
type Variant = 'nft' | 'legacy'

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
    const tables = own === 'legacy' ? [] : legacyTables(family)
    if (tables === undefined) unseen.push(`${family}-legacy`)
    else if (tables.length > 0) said.push(...(await removeLegacy(family, name)))
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
