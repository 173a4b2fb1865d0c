import { isIP } from 'node:net'
import { ownAddresses } from '../../../net/own-addresses.js'
import { runProgram } from '../run-program.js'
import { readIptablesNat } from './iptables-save.js'
import { type Element, keyOfMap, type NamedMaps } from './nft-maps.js'
import { mapsOfNat, readNftMap, readNftNat } from './nft-ruleset.js'
import { type NatTable, type Way, waysIn } from './rules.js'

/** What NAT of this host makes of some ports. */
export interface Translations {
  /** where requests to them go on to another host, as a rule a container */
  targets: readonly { port: number; to: { address: string; port: number } }[]
  /** other ports from which requests to them come in, on this host itself */
  aliases: readonly number[]
}

/** Rules are read no more often than this, in milliseconds. */
const FRESH_MS = 500
/** How many maps of nft are read: kube-proxy has two. */
const MAX_MAPS = 16

/**
 * What is known of NAT in this network namespace: rules of iptables and of nft. What is not in them (IPVS, programs of
 * others) is not known.
 * @param now any clock, in milliseconds
 */
export function natOf(ports: readonly number[], now: () => number): () => Promise<Translations> {
  let last: { at: number; found: Translations } | undefined
  return async () => {
    const at = now()
    if (last && Math.abs(at - last.at) < FRESH_MS) return last.found
    const found = translationsOf(await readTables(), ports, new Set(ownAddresses()))
    last = { at, found }
    return found
  }
}

export function translationsOf(
  tables: readonly NatTable[],
  ports: readonly number[],
  local: ReadonlySet<string>,
): Translations {
  const isWanted = (port: number) => ports.includes(port)
  // of a range of addresses it is not known which
  const ways = tables
    .flatMap(table => waysIn(table, isWanted))
    .filter(({ address }) => address === undefined || isIP(address) !== 0)
  const leavesHost = ({ address }: Way) =>
    address !== undefined && !local.has(address) && !address.startsWith('127.')
  const targets = ways.flatMap(way => {
    const { port, address, to } = way
    return address !== undefined && isWanted(port) && leavesHost(way)
      ? [{ port, to: { address, port: to } }]
      : []
  })
  const aliases = ways.filter(way => isWanted(way.to) && !isWanted(way.port) && !leavesHost(way))
  return { targets, aliases: [...new Set(aliases.map(({ port }) => port))] }
}

async function readTables(): Promise<NatTable[]> {
  const [v4 = '', v6 = '', nft = ''] = await Promise.all(
    [['iptables-save'], ['ip6tables-save'], ['nft', '-j', '-t', 'list', 'ruleset']].map(read),
  )
  return [...[v4, v6].map(readIptablesNat), ...(nft ? readNftNat(nft, await readMaps(nft)) : [])]
}

/** What is not installed, or not ours to read, has no rules that we know of. */
function read(argv: readonly string[]): Promise<string> {
  return runProgram(argv).catch(() => '')
}

async function readMaps(ruleset: string): Promise<NamedMaps> {
  const maps = new Map<string, readonly Element[]>()
  for (const { family, table, name } of mapsOfNat(ruleset).slice(0, MAX_MAPS)) {
    const listing = await read(['nft', '-j', 'list', 'map', family, table, name])
    if (listing) maps.set(keyOfMap(family, table, name), readNftMap(listing))
  }
  return maps
}
