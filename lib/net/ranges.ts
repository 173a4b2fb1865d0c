import { BoundedMap } from '../bounded-map.js'
import { bytes } from './address.js'
import { contains, prefixOf } from './prefix.js'

/** Tells whether an address lies in a set of ranges. */
export type InRanges = (address: string) => boolean

/** How many addresses are remembered. */
const MAX_CACHED = 16_384

/**
 * Compiles CIDR ranges into a predicate over address texts; a text that is no address lies in none.
 * @throws RangeError that quotes the first entry that is no range
 */
export function compileRanges(cidrs: readonly string[]): InRanges {
  const prefixes = cidrs.map(prefixOf)
  if (prefixes.length === 0) return () => false
  const known = new BoundedMap<string, boolean>(MAX_CACHED)
  const isInRanges = (address: string) => {
    const parsed = bytes(address)
    return parsed !== null && prefixes.some(prefix => contains(prefix, parsed))
  }
  return address => known.getOrMake(address, isInRanges)
}
