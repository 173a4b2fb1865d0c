import { legacyTables } from '../iptables/legacy-tables.js'
import type { Family } from '../iptables/listeners.js'
import { runProgram } from '../run-program.js'
import { readIptablesNat } from './iptables-save.js'
import { type Element, keyOfMap, type NamedMaps } from './nft-maps.js'
import { mapsOfNat, natTablesOf, readNftMap, readNftNat } from './nft-ruleset.js'
import type { NatTable } from './rules.js'

/** How many tables of nft, and maps of a table, are read: kube-proxy has one of four maps. */
const MAX_TABLES = 16
const MAX_MAPS = 16

/**
 * The tables in which addresses are translated, and no others: listing all rules of iptables takes seconds where
 * 20,000 bans stand in them.
 */
export async function readNatTables(): Promise<NatTable[]> {
  const chains = await read(['nft', '-j', 'list', 'chains'])
  const tables = chains === '' ? undefined : natTablesOf(chains)
  const found = await Promise.all([
    readIptables('iptables', tables && hasTable('iptables', tables, 'ip')),
    readIptables('ip6tables', tables && hasTable('ip6tables', tables, 'ip6')),
    ...(tables ?? []).slice(0, MAX_TABLES).map(readNft),
  ])
  return found.flat()
}

/** Whether iptables has a table for NAT: its own variant for nft has it there, the older one where the kernel names them. */
function hasTable(
  family: Family,
  tables: readonly { family: string; table: string }[],
  nftFamily: string,
): boolean {
  const isOfNft = tables.some(one => one.family === nftFamily && one.table === 'nat')
  return isOfNft || legacyTables(family)?.includes('nat') === true
}

/** @param hasNat undefined: not known; the older iptables would make a table that it is asked for by its name */
async function readIptables(family: Family, hasNat: boolean | undefined): Promise<NatTable[]> {
  if (hasNat === false) return []
  return [readIptablesNat(await read([`${family}-save`, ...(hasNat ? ['-t', 'nat'] : [])]))]
}

async function readNft({ family, table }: { family: string; table: string }): Promise<NatTable[]> {
  const listing = await read(['nft', '-j', '-t', 'list', 'table', family, table])
  return listing === '' ? [] : readNftNat(listing, await readMaps(listing))
}

async function readMaps(listing: string): Promise<NamedMaps> {
  const maps = new Map<string, readonly Element[]>()
  for (const { family, table, name } of mapsOfNat(listing).slice(0, MAX_MAPS)) {
    const text = await read(['nft', '-j', 'list', 'map', family, table, name])
    if (text) maps.set(keyOfMap(family, table, name), readNftMap(text))
  }
  return maps
}

/** What is not installed, or not ours to read, has no rules that we know of. */
function read(argv: readonly string[]): Promise<string> {
  return runProgram(argv).catch(() => '')
}
