import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, ftruncateSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { JournalError } from './journal.js'

/** How flock(1) tells that another holds the lock. */
const HELD = 1

/**
 * Keeps a second xff-ban off the same journal, until this process ends, however it ends: it is a lock of the
 * kernel's (flock(2)) on a file that holds our process id for the other's message. Node has no call for it, but a
 * lock belongs to the open file, which flock(1) can inherit from us. The file stays: a lock on a file that
 * somebody else deletes keeps nobody off.
 * @param pid our process id
 * @returns what gives it back before
 * @throws JournalError when another process has it, or the file cannot be made
 */
export async function lock(path: string, pid: number, say: (message: string) => void): Promise<() => void> {
  // a descriptor, for a FileHandle is closed when nobody refers to it any more
  let file: number
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o750 })
    file = openSync(path, 'a+', 0o600)
  } catch (error) {
    throw new JournalError(
      `cannot use the journal (--state names another): ${(error as Error).message}`,
      66,
      error,
    )
  }
  const code = await flock(file)
  if (code === HELD) {
    const holder = readFileSync(path, 'utf8').trim()
    closeSync(file)
    const who = /^\d+$/.test(holder) ? `process ${holder}` : 'another process'
    throw new JournalError(
      `${path} is held by ${who}: an xff-ban of this name is running (--name or --state make another)`,
      66,
    )
  }
  if (code !== 0) say(`nothing keeps a second xff-ban off: flock(1) failed (${code}), as where it is missing`)
  try {
    ftruncateSync(file)
    writeSync(file, `${pid}\n`)
  } catch {
    // on a full disk the lock is as good without a name on it
  }
  return () => closeSync(file)
}

/** @returns the exit code of `flock --nonblock`, or the reason why there is none */
async function flock(file: number): Promise<number | string> {
  const child = spawn('flock', ['-n', '3'], { stdio: ['ignore', 'ignore', 'ignore', file] })
  try {
    const [code, signal] = await once(child, 'exit')
    return code ?? signal
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown'
  }
}
