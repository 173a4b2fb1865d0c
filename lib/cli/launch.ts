#!/usr/bin/env node
/**
 * The file by whose name a command is run. It reads in any Node: one that is too old would find nothing but faults of
 * syntax in the command itself, and is told in a line instead. `make dist` copies it under the name of each command.
 */

/** package.json's "engines", as `20.9`. */
declare const LEAST: string

const command = __filename.replace(/^.*\/|\.js$/g, '')
const { node } = process.versions
const [major = 0, minor = 0] = node.split('.').map(Number)
const [leastMajor = 0, leastMinor = 0] = LEAST.split('.').map(Number)
if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) {
  require(`./${command}.main.js`)
} else {
  process.stderr.write(`${command}: needs Node ${LEAST} or newer, this is ${node}\n`)
  // EXIT.unavailable
  process.exitCode = 69
}
