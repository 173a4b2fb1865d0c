import { closeSync, fstatSync, writeSync } from 'node:fs'
import { messageOf } from '../exit.js'
import { openOwnSync } from '../files/own-file.js'

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

/** What the shell has opened already, by the names that it has for that. */
const OPENED = /^\/dev\/(?:(stderr)|fd\/(\d{1,6}))$/
const STDERR = 2

/**
 * Opens a file for lines: a regular one of our own, a device such as /dev/null, or what is open already by the names
 * /dev/stderr and /dev/fd/N. One that cannot be written later on, as on a full disk, is told once and is no reason to stop.
 * @throws Error where it cannot be opened, or is a link, a pipe or a file of somebody else
 */
export function openLineFile(path: string, warn: (message: string) => void): LineFile {
  const [isOpen, stderr, number] = OPENED.exec(path) ?? []
  const file = isOpen ? Number(stderr ? STDERR : number) : openOwnSync(path, 'append', { kind: 'device' })
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
      if (!isOpen) closeSync(file)
    },
  }
}
