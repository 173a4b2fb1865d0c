import { readdirSync, readFileSync, readlinkSync, symlinkSync } from 'node:fs'
import { basename, join } from 'node:path'
import { isSystemError } from '../../../exit.js'

/*
 * A network namespace lives as long as a process is in it, or something holds it: most often a mount. Who is in which
 * can be seen only of processes in one's own process namespace and those below it, so a folder says in which it was made;
 * and only by those who may look at all of them, which in a sandbox is nobody, so that nothing is taken for gone there.
 * What only an open file holds, or a mount that we do not see, is taken for gone; a program at work there keeps its
 * tables itself, and takeover.ts finds them.
 */

const SIGNATURE = 'processes'

/** Notes in the folder of a network namespace who can tell whether that still lives. */
export function signWith(folder: string): void {
  symlinkSync(namespaceOf('self', 'pid') ?? 'unknown', join(folder, SIGNATURE))
}

/** Whether the network namespace of a folder is gone for certain; its number is the last part of the folder's name. */
export function isDead(folder: string): boolean {
  const network = `net:[${basename(folder).split('-').at(-1)}]`
  const signature = ifThere(() => readlinkSync(join(folder, SIGNATURE)))
  if (signature === undefined || signature !== namespaceOf('self', 'pid')) return false
  const pids = readdirSync('/proc').filter(name => /^\d+$/.test(name))
  // who may not look into the first process sees but some, and perhaps not even that there are others (hidepid)
  if (namespaceOf('1', 'net') === undefined) return false
  if (pids.some(pid => namespaceOf(pid, 'net') === network)) return false
  return !['self', '1'].some(pid =>
    ifThere(() => readFileSync(`/proc/${pid}/mountinfo`, 'utf8'))?.includes(network),
  )
}

/** As `net:[4026531840]`; undefined where the process has gone. */
function namespaceOf(pid: string, kind: 'net' | 'pid'): string | undefined {
  return ifThere(() => readlinkSync(`/proc/${pid}/ns/${kind}`))
}

function ifThere<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (!isSystemError(error)) throw error
    return undefined
  }
}
