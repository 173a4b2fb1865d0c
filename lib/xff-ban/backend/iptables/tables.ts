import { runProgram } from '../run-program.js'
import { type Hook, insertJumps, removeJumps } from './jumps.js'
import type { Family } from './listeners.js'
import { readTables, type SavedTable } from './parse-save.js'
import { restoreScript } from './restore-script.js'

const EMPTY: SavedTable = { chains: new Map(), jumps: [], hook: [] }

/** What of the jail is in the tables of a family. */
export async function readAllTables(family: Family, { name, chain }: Hook): Promise<Map<string, SavedTable>> {
  return readTables(await runProgram([`${family}-save`]), name, chain)
}

/** The same of one table. */
export async function readTable(family: Family, hook: Hook, table: string): Promise<SavedTable> {
  return (await readAllTables(family, hook)).get(table) ?? EMPTY
}

/** The rules of the built-in chain, in their order; far cheaper than reading a table. */
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
  const tables = await readAllTables(family, hook)
  const current = tables.get(table) ?? EMPTY
  tables.delete(table)
  const written = [...chains].map(([name, rules]) => ({ name, rules }))
  const gone = [...current.chains.keys()].filter(name => !chains.has(name))
  await restore(family, [
    ...removals(tables),
    restoreScript(table, { written, gone }, insertJumps(hook, current.jumps)),
  ])
}

/**
 * Removes all that a family has of the jail.
 * @param programs what its programs are called, as `iptables-legacy` for `iptables-legacy-save`
 * @returns whether there was anything
 */
export async function remove(programs: string, name: string): Promise<boolean> {
  const scripts = removals(readTables(await runProgram([`${programs}-save`]), name))
  await restore(programs, scripts)
  return scripts.length > 0
}

function removals(tables: ReadonlyMap<string, SavedTable>): string[] {
  return [...tables].flatMap(([table, { chains, jumps }]) => {
    if (chains.size === 0 && jumps.length === 0) return []
    return [restoreScript(table, { written: [], gone: [...chains.keys()] }, removeJumps(jumps))]
  })
}

/** Hands transactions to iptables, a table each. */
export async function restore(programs: string, transactions: readonly string[]): Promise<void> {
  if (transactions.length === 0) return
  await runProgram([`${programs}-restore`, '--noflush', '--wait'], transactions.join(''))
}
