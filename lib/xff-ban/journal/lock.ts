import { once } from 'node:events'
import { closeSync, ftruncateSync, mkdirSync, openSync, readFileSync, statSync, writeSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { codeOf, EXIT, messageOf } from '../../exit.js'
import { openOwnSync } from '../../files/own-file.js'
import { BackendError, type Place } from '../backend/backend.js'
import { JournalError } from './journal.js'

/** How flock(1) tells that another holds the lock. */
const HELD = 1
/** The locks on names; it is empty after a boot, as is what they protect. */
const NAMES = '/run/xff-ban'

/**
 * Keeps a second xff-ban off the same journal, until this process ends.
 * @param pid our process id
 * @returns what gives it back before
 * @throws JournalError when another process has it, or the file cannot be made
 */
export async function lock(path: string, pid: number, warn: (message: string) => void): Promise<() => void> {
  let held: Held
  try {
    held = await hold(openLock(path), pid, warn)
  } catch (error) {
    throw new JournalError(
      `cannot use the journal (--state names another): ${messageOf(error)}`,
      EXIT.noInput,
      { cause: error },
    )
  }
  if ('release' in held) return held.release
  throw new JournalError(
    `${path} is held by ${held.by}: an xff-ban of this name is running (--name or --state make another)`,
    EXIT.noInput,
  )
}

/**
 * Keeps a second xff-ban, with another journal, from where the bans of this one are: each would take the other's bans for
 * its own, and away. Until this process ends.
 * @param pid our process id
 * @throws BackendError when another process has it
 */
export async function lockPlace(place: Place, pid: number, warn: (message: string) => void): Promise<void> {
  const { option, value } = place
  let helds: Held[]
  try {
    helds = await Promise.all(filesOf(place).map(open => hold(open(), pid, warn)))
  } catch (error) {
    warn(`nothing keeps a second xff-ban off ${option} ${value}: ${messageOf(error)}`)
    return
  }
  const other = helds.find(held => 'by' in held)
  if (other && 'by' in other)
    throw new BackendError(
      `${option} ${value}: ${other.by} has its bans there already, and each jail needs one of its own`,
    )
}

/** Opens what is locked: the folder itself; beside a file that others replace, one that none of its readers looks at. */
function filesOf({ kind, value, names = [value] }: Place): (() => number)[] {
  switch (kind) {
    case 'folder':
      return [() => openFolder(value)]
    case 'file':
      return [() => openOwnSync(join(dirname(value), `.${basename(value)}.lock`), 'update')]
    case 'kernel':
      return names.map(name => () => openLock(lockOf(name)))
  }
}

function openFolder(path: string): number {
  mkdirSync(path, { recursive: true })
  return openSync(path, 'r')
}

function lockOf(name: string): string {
  return `${NAMES}/${name}-${statSync('/proc/self/ns/net').ino}.lock`
}

/**
 * Does something while no process bans packets by a name in this network namespace, and none can begin to.
 * @returns whether it was done: not where the name is in use, or where that cannot be told
 */
export async function whileNameIsFree(name: string, work: () => Promise<void>): Promise<boolean> {
  let file: number
  try {
    // whoever uses the name has made it, if not where we do not see it
    file = openOwnSync(lockOf(name), 'read')
  } catch {
    return false
  }
  try {
    if ((await flock(file)) !== 0) return false
    await work()
    return true
  } finally {
    closeSync(file)
  }
}

/** Ours, or whose. */
type Held = { release: () => void } | { by: string }

/**
 * The file stays: a lock on a file that somebody else deletes keeps nobody off.
 * @throws an error of the system when the file cannot be made
 */
function openLock(path: string): number {
  mkdirSync(dirname(path), { recursive: true, mode: 0o750 })
  return openOwnSync(path, 'update')
}

/**
 * Takes a lock of the kernel's (flock(2)) on a file that holds our process id for the other's message, or on a folder;
 * it ends with this process, however that ends. Node has no call for it, but a lock belongs to the open file, which
 * flock(1) can inherit from us.
 * @param file a descriptor, for a FileHandle is closed when nobody refers to it any more
 */
async function hold(file: number, pid: number, warn: (message: string) => void): Promise<Held> {
  const code = await flock(file)
  if (code === HELD) {
    const by = holderIn(file)
    closeSync(file)
    return { by }
  }
  if (code !== 0)
    warn(`nothing keeps a second xff-ban off: flock(1) failed (${code}), as where it is missing`)
  try {
    ftruncateSync(file)
    writeSync(file, `${pid}\n`)
  } catch {
    // on a full disk, or on a folder, the lock is as good without a name on it
  }
  return { release: () => closeSync(file) }
}

function holderIn(file: number): string {
  try {
    const holder = readFileSync(file, 'utf8').trim()
    return /^\d+$/.test(holder) ? `process ${holder}` : 'another process'
  } catch {
    // a folder
    return 'another process'
  }
}

/** @returns the exit code of `flock --nonblock`, or the reason why there is none */
async function flock(file: number): Promise<number | string> {
  const { spawn } = await import('node:child_process')
  const child = spawn('flock', ['-n', '3'], { stdio: ['ignore', 'ignore', 'ignore', file] })
  try {
    const [code, signal] = await once(child, 'exit')
    return code ?? signal
  } catch (error) {
    return codeOf(error) ?? 'unknown'
  }
}
