import { BoundedMap } from '../bounded-map.js'
import { type Network, type Networks, networkText } from '../net/networks/networks.js'
import { parsePrefix } from '../net/prefix.js'
import { createCounter, type Frequent } from './frequent.js'

/** A network of the table, and how its addresses failed. */
export interface FailingNetwork {
  serverErrors: number
  newest: number
}

export interface NetworkRow extends Frequent<FailingNetwork> {
  /** how many of its addresses are known to have failed, and how many of its addresses and prefixes were banned */
  addresses: number
  bans: number
}

export interface NetworksDigest {
  top: NetworkRow[]
  distinct: number
  complete: boolean
  /** whether all addresses that failed are known: then their numbers are exact */
  allAddresses: boolean
  /** failures of addresses that are not in the table */
  unlisted: number
}

/** How many addresses are remembered. */
const MAX_CACHED = 65_536

/** Which networks fail most. */
export interface NetworkCounts {
  failure: (ip: string, at: number, serverErrors: number) => void
  /** `AS64500 (EXAMPLE)`; undefined for an address that is not in the table */
  nameOf: (ip: string) => string | undefined
  /** @param addresses that failed, as far as they are known; @param banned addresses and prefixes that were */
  digest: (
    limit: number,
    addresses: { known: readonly string[]; complete: boolean },
    banned: Iterable<string>,
  ) => NetworksDigest
}

export function createNetworkCounts(networks: { readonly current: Networks }): NetworkCounts {
  const counter = createCounter<FailingNetwork>(() => ({
    serverErrors: 0,
    newest: Number.NEGATIVE_INFINITY,
  }))
  let table = networks.current
  const known = new BoundedMap<string, { network: Network | undefined }>(MAX_CACHED)
  let unlisted = 0

  const find = (ip: string) => {
    const own = parsePrefix(ip)
    return { network: own ? table.of(own.network) : undefined }
  }
  const nameOf = (ip: string): string | undefined => {
    if (networks.current !== table) known.clear()
    table = networks.current
    const { network } = known.getOrMake(ip, find)
    return network && networkText(network)
  }
  const countByName = (ips: Iterable<string>) => {
    const counts = new Map<string, number>()
    for (const ip of ips) {
      const name = nameOf(ip)
      if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1)
    }
    return counts
  }
  return {
    failure(ip, at, serverErrors) {
      const name = nameOf(ip)
      if (name === undefined) {
        unlisted += 1
        return
      }
      const details = counter.count(name)
      details.serverErrors += serverErrors
      details.newest = Math.max(details.newest, at)
    },
    nameOf,
    digest(limit, addresses, banned) {
      const [failed, bans] = [countByName(addresses.known), countByName(banned)]
      return {
        top: counter.top(limit).map(row => ({
          ...row,
          addresses: failed.get(row.key) ?? 0,
          bans: bans.get(row.key) ?? 0,
        })),
        distinct: counter.size(),
        complete: counter.complete(),
        allAddresses: addresses.complete,
        unlisted,
      }
    },
  }
}
