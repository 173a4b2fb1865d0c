import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs'
import { messageOf } from '../exit.js'

/** How much is gathered before it is written, in UTF-16 units. */
const BLOCK_LENGTH = 65_536
const MIB = 1024 * 1024
/** How large the file may become; every start goes on with it. */
const MAX_FILE_MIB = 64

/** Appends lines to a file, up to a bound: strangers may be able to make any number of them. */
export interface LineFile {
  append: (line: string) => void
  close: () => void
}

/**
 * Opens a file for lines. One that cannot be written later on, as on a full disk, is told once and is no reason to stop.
 * @throws Error where it cannot be opened, or is a link
 */
export function openLineFile(path: string, warn: (message: string) => void): LineFile {
  const { O_APPEND, O_CREAT, O_NOFOLLOW, O_WRONLY } = constants
  const file = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0o600)
  const stat = fstatSync(file)
  let size = stat.isFile() ? stat.size : 0
  let gathered = ''
  let isFull = false
  let isBroken = false
  let pause: NodeJS.Immediate | undefined

  const flush = () => {
    clearImmediate(pause)
    pause = undefined
    try {
      writeSync(file, gathered)
      isBroken = false
    } catch (error) {
      if (!isBroken) warn(`cannot write to ${path}, and goes on without: ${messageOf(error)}`)
      isBroken = true
    }
    gathered = ''
  }
  return {
    append(line) {
      if (isFull) return
      size += line.length + 1
      isFull = size > MAX_FILE_MIB * MIB
      if (isFull) return warn(`${path} has reached ${MAX_FILE_MIB} MiB: no more lines are written to it`)
      gathered += `${line}\n`
      if (gathered.length >= BLOCK_LENGTH) flush()
      else pause ??= setImmediate(flush)
    },
    close() {
      flush()
      closeSync(file)
    },
  }
}
