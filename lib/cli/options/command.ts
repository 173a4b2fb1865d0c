import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { quote } from './values.js'

/** What means something to a shell only. */
const SHELL = /["'\\`$|;<>]|(?:^| )&/

/**
 * A program and its arguments, separated by spaces. It runs without a shell, so shell syntax is refused; for an
 * argument that contains a space, write a script.
 * @throws RangeError
 */
export function program(given: string): string[] {
  const words = given.split(' ').filter(Boolean)
  const [name] = words
  if (name === undefined || SHELL.test(given)) {
    throw new RangeError(
      `expected a program and arguments separated by spaces, without shell syntax; got ${quote(given)}`,
    )
  }
  const folders = name.includes('/') ? [''] : (process.env.PATH ?? '').split(delimiter)
  if (!folders.some(folder => isExecutable(join(folder, name)))) {
    throw new RangeError(`expected a program, found none called ${quote(name)}`)
  }
  return words
}

/** Whether there is a file that we may run. */
export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
