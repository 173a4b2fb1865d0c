/**
 * All commands as one program, which `make single` puts into a copy of Node: it does what the name says by which it is
 * called, as by links from /usr/bin; by its own name, what its first word says.
 */
import { basename } from 'node:path'

const isOwnName = basename(process.argv0) === basename(process.execPath)
// also the path of a bundle names a command: /usr/lib/xff-jail/uwsgi-parse.js
const command = basename((isOwnName ? process.argv[2] : process.argv0) ?? '', '.js')
// Node puts the path of the program in front of the arguments, as that of a script would stand there
if (isOwnName) process.argv.splice(1, 1)
start().catch(error => {
  if (!/not found in bundle/i.test(String(error))) throw error
  process.stderr.write(
    `expected the name of a command, as that of the program or as its first word, got "${command}"\n`,
  )
  // EXIT.usage
  process.exitCode = 64
})

async function start(): Promise<void> {
  // esbuild takes in every file that this can name
  await import(`../../bin/${command}.ts`)
}
