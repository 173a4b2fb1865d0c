import { overlap, type Prefix, prefixOf } from '../net/prefix.js'
import { compileRanges, type InRanges } from '../net/ranges.js'
import { ranges } from './options/values.js'
import { reloadable } from './reloadable.js'

/** What is in the ranges of a repeatable option, `@FILE` among them, which is read anew on SIGHUP. */
export interface ReloadableRanges {
  has: InRanges
  /** Whether a prefix has an address in common with one of them. */
  overlaps: (prefix: Prefix) => boolean
}

export function reloadableRanges(
  given: readonly string[],
  warn: (message: string) => void,
): ReloadableRanges {
  const make = () => {
    const cidrs = given.flatMap(ranges)
    return { has: compileRanges(cidrs), prefixes: cidrs.map(prefixOf) }
  }
  const holder = reloadable(given, 'ranges', make, warn)
  return {
    has: ip => holder.current.has(ip),
    overlaps: prefix => holder.current.prefixes.some(one => overlap(one, prefix)),
  }
}
