import { realpath, rm } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { readOwn } from '../../files/own-file.js'
import type { Ban } from '../jail/ban.js'
import { applyTo, type Backend, BackendError, type Change, MANY_CHANGES } from './backend.js'
import { replaceFile } from './replace-file.js'
import { runProgram } from './run-program.js'

export interface Options {
  /** the deny file, which nginx's configuration includes */
  file: string
  /** how nginx is called: its name, or with `-c` and other arguments that name its configuration */
  command: readonly string[]
}

const HEADER = '# written by xff-ban: changes by hand are lost\n'
/** The least time between two reloads. */
const BETWEEN_RELOADS_MS = 1000

/**
 * A file of `deny` lines for nginx's access module, and a reload whenever it has changed: the first at once, those
 * that follow gathered for a second. In nginx's configuration, in `http`, `server` or `location`:
 *
 *     include FILE;
 *
 * A `location` with allow or deny lines of its own has to include it as well. nginx has no end for a `deny`: the
 * bans end when xff-ban takes them out, or comes back to do so.
 */
export function nginxBackend({ file, command }: Options): Backend {
  let inForce = new Map<string, Ban>()
  let reloadedAt = Number.NEGATIVE_INFINITY

  const textOf = (bans: Iterable<Ban>) => HEADER + [...bans].map(({ ip }) => `deny ${ip};\n`).join('')
  const present = () => readOwn(file).catch(() => undefined)
  const nginx = (...args: string[]) => runProgram([...command, ...args])

  /** Writes the file and has nginx read it; if nginx rejects it, the one before is restored. */
  const enforce = async (bans: Iterable<Ban>, check = async () => {}) => {
    await pause(Math.max(0, reloadedAt + BETWEEN_RELOADS_MS - performance.now()))
    const before = await present()
    await replaceFile(file, textOf(bans))
    try {
      await check()
      await nginx('-s', 'reload')
      reloadedAt = performance.now()
    } catch (error) {
      // if nginx just does not run, it finds the file when it starts
      const refused = await nginx('-t', '-q').then(
        () => false,
        () => true,
      )
      if (refused) await (before === undefined ? rm(file, { force: true }) : replaceFile(file, before))
      throw error
    }
  }

  /** Without the include no ban would have any effect. */
  const isIncluded = async () => {
    const dump = await nginx('-T', '-q')
    const read = [...dump.matchAll(/^# configuration file (.+):$/gm)].map(([, path = '']) => realpath(path))
    if (!(await Promise.all(read)).includes(await realpath(file)))
      throw new BackendError(`nginx: the configuration does not say: include ${file};`)
  }

  return {
    name: `nginx deny file ${file}`,
    place: { kind: 'file', option: '--nginx', value: file },
    atOnce: MANY_CHANGES,
    hint: `no include of ${file}, a location with allow or deny of its own, or a proxy in front (set_real_ip_from)`,
    refuses: () => undefined,

    async open(bans) {
      // even if the file says so already: an earlier run may have died before its reload
      await enforce(bans, isIncluded)
      inForce = new Map(bans.map(ban => [ban.ip, ban]))
    },

    async apply(changes: readonly Change[]) {
      const after = new Map(inForce)
      applyTo(after, changes)
      if (textOf(after.values()) !== textOf(inForce.values())) await enforce(after.values())
      inForce = after
    },

    async reconcile() {
      if ((await present()) === textOf(inForce.values())) return undefined
      await enforce(inForce.values())
      return `${file} had been changed`
    },

    /** The file stays, with nothing in it: nginx does not start without it. */
    async flush() {
      await enforce([])
      inForce = new Map()
    },
  }
}
