import { closeSync, openSync, writeSync } from 'node:fs'

/** How much is gathered before it is written, and how much is kept at all; in UTF-16 units. */
const BLOCK = 65_536
const KEPT = 64 * 1024 * 1024

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
      if (written > KEPT) return
      written += line.length + 1
      if (written > KEPT)
        return warn(`${path} has reached ${KEPT / 1024 / 1024} MiB: no more lines are written to it`)
      gathered += `${line}\n`
      if (gathered.length >= BLOCK) flush()
      else pause ??= setImmediate(flush)
    },
    close() {
      flush()
      closeSync(file)
    },
  }
}
