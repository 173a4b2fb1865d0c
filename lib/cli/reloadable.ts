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
  return given.some(text => text.startsWith('@')) ? reloadableFile(what, make, warn) : { current: make() }
}

/** The same for what is always read from a file. */
export function reloadableFile<T>(
  what: string,
  make: () => T,
  warn: (message: string) => void,
): { current: T } {
  const holder = { current: make() }
  process.on('SIGHUP', () => {
    try {
      holder.current = make()
      warn(`${what} reloaded`)
    } catch (error) {
      warn(`${what} not reloaded: ${messageOf(error)}`)
    }
  })
  return holder
}
