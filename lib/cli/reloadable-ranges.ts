import { messageOf } from '../exit.js'
import { compileRanges, type InRanges } from '../net/ranges.js'
import { ranges } from './options/values.js'

/**
 * A predicate over the ranges of a repeatable option; those from files are read anew on SIGHUP. A file that
 * cannot be read then is said, and what was read before stays.
 * @param given the texts of the option, `@FILE` among them
 */
export function reloadableRanges(
  given: readonly string[],
  warn: (message: string) => void,
): { current: InRanges } {
  const compile = () => compileRanges(given.flatMap(ranges))
  const holder = { current: compile() }
  if (given.some(text => text.startsWith('@'))) {
    process.on('SIGHUP', () => {
      try {
        holder.current = compile()
        warn('ranges reloaded')
      } catch (error) {
        warn(`ranges not reloaded: ${messageOf(error)}`)
      }
    })
  }
  return holder
}
