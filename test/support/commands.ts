import './apart.js'
import { readdirSync } from 'node:fs'
import { delimiter, resolve } from 'node:path'

// tests run from the top of the project
export const ROOT = process.cwd()
export const FIXTURES = resolve('fixtures')
export const COMMANDS = readdirSync('bin').map(file => file.replace(/\.ts$/, ''))

/**
 * An environment in which the commands as built are found by their names. tap's own NODE_OPTIONS stay out of it:
 * its loaders would make them start three times as slow, and otherwise than with a user.
 */
export function withCommands(env: Record<string, string> = {}): Record<string, string> {
  return { ...env, NODE_OPTIONS: '', PATH: [resolve('build/path'), process.env.PATH].join(delimiter) }
}

/** The file that runs as a command. */
export function bundle(command: string): string {
  return resolve('dist', `${command}.js`)
}
