import { messageOf } from '../exit.js'

/**
 * What is made of the texts of a repeatable option, some of which name files (`@FILE`): those are read anew on SIGHUP.
 * What cannot be read then is said, and what was made before stays.
 * @param what it is, for the messages
 */
export function reloadable<T>(
  given: readonly string[],
  what: string,
  make: () => T,
  warn: (message: string) => void,
): { current: T } {
  const holder = { current: make() }
  if (given.some(text => text.startsWith('@'))) {
    process.on('SIGHUP', () => {
      try {
        holder.current = make()
        warn(`${what} reloaded`)
      } catch (error) {
        warn(`${what} not reloaded: ${messageOf(error)}`)
      }
    })
  }
  return holder
}
