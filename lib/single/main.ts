/**
 * All commands as one program, which `make single` puts into a copy of Node: it does what the name says by which it is
 * called, as by links from /usr/bin, or its first word.
 */
import { basename } from 'node:path'

const COMMANDS: Readonly<Record<string, () => Promise<unknown>>> = {
  'uwsgi-parse': () => import('../../bin/uwsgi-parse.js'),
  'xff-window': () => import('../../bin/xff-window.js'),
  'xff-ban': () => import('../../bin/xff-ban.js'),
  'xff-jail': () => import('../../bin/xff-jail.js'),
  'xff-notify': () => import('../../bin/xff-notify.js'),
  'xff-report': () => import('../../bin/xff-report.js'),
  'xff-import': () => import('../../bin/xff-import.js'),
}

/** The command that a path names, also that of a bundle: `/usr/lib/xff-jail/uwsgi-parse.js`. */
function named(path = ''): string | undefined {
  const name = basename(path, '.js')
  return Object.hasOwn(COMMANDS, name) ? name : undefined
}

const byName = named(process.argv0)
// Node puts the path of the program in front of the arguments, as that of a script would stand there
const command = byName ?? named(process.argv[2])
if (byName === undefined) process.argv.splice(1, 1)
const start = command === undefined ? undefined : COMMANDS[command]
if (start) {
  start()
} else {
  process.stderr.write(
    `expected one of ${Object.keys(COMMANDS).join(', ')}, as the name of the program or its first word\n`,
  )
  // EXIT.usage
  process.exitCode = 64
}
