import type { Global } from '../fast/module.js'
import { prefixOf } from '../net/prefix.js'
import { PRIVATE_RANGES } from '../net/private.js'
import type { Trust } from './client.js'

/** What assembly/trust.ts exports. */
export interface TrustTable {
  /** where a network is left, in network order */
  hostNetwork: Global
  beginTrust: (hops: number, isNamed: boolean) => void
  /** @param bits of 128 */
  addRange: (bits: number, ours: boolean, isPrivate: boolean) => void
}

/** `::ffff:0:0/96`, in which a module has IPv4 addresses. */
const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255]

/** Tells a module who is trusted, so that it finds clients by itself. */
export function tellTrust(module: TrustTable, memory: Buffer, { ranges, hops = 0 }: Trust): void {
  const isNamed = ranges !== PRIVATE_RANGES
  module.beginTrust(hops, isNamed)
  const add = (range: string, ours: boolean, isPrivate: boolean) => {
    const { network, length } = prefixOf(range)
    const mapped = network.length === 4 ? MAPPED : []
    memory.set([...mapped, ...network], module.hostNetwork.value)
    module.addRange(8 * mapped.length + length, ours, isPrivate)
  }
  for (const range of PRIVATE_RANGES) add(range, !isNamed, true)
  if (isNamed) for (const range of ranges) add(range, true, false)
}
