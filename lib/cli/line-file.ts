import { closeSync, openSync, writeSync } from 'node:fs'

/** How much is gathered before it is written, and how much is written at all; in UTF-16 units. */
const BLOCK_LENGTH = 65_536
const MAX_LENGTH = 64 * 1024 * 1024

/** Appends lines to a file, up to a bound: strangers may be able to make any number of them. */
export interface LineFile {
  append: (line: string) => void
  close: () => void
}

export function openLineFile(path: string, warn: (message: string) => void): LineFile {
  const file = openSync(path, 'a', 0o600)
  let gathered = ''
  let written = 0
  let pause: NodeJS.Immediate | undefined
  const flush = () => {
    clearImmediate(pause)
    pause = undefined
    writeSync(file, gathered)
    gathered = ''
  }
  return {
    append(line) {
      if (written > MAX_LENGTH) return
      written += line.length + 1
      if (written > MAX_LENGTH)
        return warn(`${path} has reached ${MAX_LENGTH / 1024 / 1024} MiB: no more lines are written to it`)
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
