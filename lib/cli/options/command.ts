import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { quote } from './values.js'

/** What a shell would make something of, and we would not. */
const SHELL = /["'\\`$|;<>]|(?:^| )&/

/**
 * A program and its arguments, apart by blanks. It is called without a shell, so what is written for one is
 * refused; an argument that holds a blank takes a script.
 */
export function program(given: string): string[] {
  const words = given.split(' ').filter(Boolean)
  const [name] = words
  if (name === undefined || SHELL.test(given)) {
    throw new RangeError(
      `expected a program and its arguments, apart by blanks, for no shell; got ${quote(given)}`,
    )
  }
  const folders = name.includes('/') ? [''] : (process.env.PATH ?? '').split(delimiter)
  if (!folders.some(folder => isExecutable(join(folder, name)))) {
    throw new RangeError(`expected a program, found none that is called ${quote(name)}`)
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
