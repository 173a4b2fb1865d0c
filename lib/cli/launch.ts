#!/usr/bin/env node
/**
 * The file with the name of a command. It has to parse in any version of Node: the command itself would fail in an old one
 * with a syntax error, or a stack. `make dist` copies it once per command.
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
