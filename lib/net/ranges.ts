import { bytes } from './address.js'
import { contains, type Prefix, parsePrefix } from './prefix.js'

/** Tells whether an address lies in a set of ranges. */
export type InRanges = (address: string) => boolean

/** How many verdicts are remembered; then the cache starts anew. */
const CACHE = 16_384

/**
 * Compiles CIDR ranges into a predicate over address texts; a text that is no address lies in none.
 * @throws RangeError that quotes the first entry that is no range
 */
export function compileRanges(cidrs: readonly string[]): InRanges {
  const prefixes = cidrs.map(parseRange)
  if (prefixes.length === 0) return () => false
  const verdicts = new Map<string, boolean>()
  return address => {
    const known = verdicts.get(address)
    if (known !== undefined) return known
    const parsed = bytes(address)
    const verdict = parsed !== null && prefixes.some(prefix => contains(prefix, parsed))
    if (verdicts.size >= CACHE) verdicts.clear()
    verdicts.set(address, verdict)
    return verdict
  }
}

function parseRange(cidr: string): Prefix {
  const prefix = parsePrefix(cidr)
  if (!prefix) throw new RangeError(`expected an address or a range like 10.0.0.0/8, got "${cidr}"`)
  return prefix
}
