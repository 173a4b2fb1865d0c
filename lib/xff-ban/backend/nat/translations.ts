import { isIP } from 'node:net'
import { ownAddresses } from '../../../net/own-addresses.js'
import { readNatTables } from './read-tables.js'
import { type NatTable, type Way, waysIn } from './rules.js'

/** What NAT of this host makes of some ports. */
export interface Translations {
  /** where requests to them go on to another host, as a rule a container */
  targets: readonly { port: number; to: { address: string; port: number } }[]
  /** where they go on to another port of this host itself */
  redirects: readonly { port: number; to: number }[]
  /** other ports from which requests to them come in, on this host itself */
  aliases: readonly number[]
}

/** Rules are read no more often than this, in milliseconds. */
const FRESH_MS = 500

/** `translationsNow`, read no more often than there is reason to. @param now any clock, in milliseconds */
export function natOf(ports: readonly number[], now: () => number): () => Promise<Translations> {
  let last: { at: number; found: Translations } | undefined
  return async () => {
    const at = now()
    if (last && Math.abs(at - last.at) < FRESH_MS) return last.found
    const found = await translationsNow(ports)
    last = { at, found }
    return found
  }
}

/**
 * What is known of NAT in this network namespace: rules of iptables and of nft. What is not in them (IPVS, programs of
 * others) is not known.
 */
export async function translationsNow(ports: readonly number[]): Promise<Translations> {
  return translationsOf(await readNatTables(), ports, new Set(ownAddresses()))
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
  const redirects = ways.filter(way => isWanted(way.port) && way.to !== way.port && !leavesHost(way))
  const aliases = ways.filter(way => isWanted(way.to) && !isWanted(way.port) && !leavesHost(way))
  return {
    targets,
    redirects: redirects.map(({ port, to }) => ({ port, to })),
    aliases: [...new Set(aliases.map(({ port }) => port))],
  }
}
