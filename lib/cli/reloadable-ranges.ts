import { compileRanges, type InRanges } from '../net/ranges.js'
import { ranges } from './options/values.js'
import { reloadable } from './reloadable.js'

/** A predicate over the ranges of a repeatable option, `@FILE` among them, which is read anew on SIGHUP. */
export function reloadableRanges(
  given: readonly string[],
  warn: (message: string) => void,
): { current: InRanges } {
  return reloadable(given, 'ranges', () => compileRanges(given.flatMap(ranges)), warn)
}
