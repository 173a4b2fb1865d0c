import { runProgram } from '../run-program.js'
import { type Hook, placeJumps, removeJumps } from './jumps.js'
import type { Family } from './listeners.js'
import { readTables, type Table } from './parse-save.js'
import { transaction } from './restore-script.js'

const NOTHING: Table = { chains: new Map(), hook: [] }

/** What stands in the tables of a family. */
export async function survey(family: Family, { name, chain }: Hook): Promise<Map<string, Table>> {
  return readTables(await runProgram([`${family}-save`]), name, chain)
}

/** What stands in one table of a family. */
export async function surveyTable(family: Family, hook: Hook, table: string): Promise<Table> {
  return (await survey(family, hook)).get(table) ?? NOTHING
}

/** The rules of the built-in chain, in their order; far cheaper than a survey. */
export async function readHook(family: Family, { chain }: Hook, table: string): Promise<string[]> {
  const listing = await runProgram([family, '--wait', '-t', table, '-S', chain])
  return listing.split('\n').filter(rule => rule.startsWith('-A '))
}

/** Makes these chains all that a family has of the jail, in one transaction. */
export async function install(
  family: Family,
  hook: Hook,
  table: string,
  chains: ReadonlyMap<string, readonly string[]>,
): Promise<void> {
  const tables = await survey(family, hook)
  const standing = tables.get(table) ?? NOTHING
  tables.delete(table)
  const written = [...chains].map(([name, rules]) => ({ name, rules }))
  const gone = [...standing.chains.keys()].filter(name => !chains.has(name))
  await restore(family, [
    ...removals(hook, tables),
    transaction(table, { written, gone }, placeJumps(hook, standing.hook)),
  ])
}

/** Removes all that a family has of the jail. */
export async function remove(family: Family, hook: Hook): Promise<void> {
  await restore(family, removals(hook, await survey(family, hook)))
}

function removals(hook: Hook, tables: ReadonlyMap<string, Table>): string[] {
  return [...tables].flatMap(([table, standing]) => {
    const jumps = removeJumps(hook, standing.hook)
    if (standing.chains.size === 0 && jumps.length === 0) return []
    return [transaction(table, { written: [], gone: [...standing.chains.keys()] }, jumps)]
  })
}

/** Hands transactions to iptables, a table each. */
export async function restore(family: Family, transactions: readonly string[]): Promise<void> {
  if (transactions.length === 0) return
  await runProgram([`${family}-restore`, '--noflush', '--wait'], transactions.join(''))
}
