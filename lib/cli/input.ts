import { fstatSync, readSync } from 'node:fs'
import { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'

const STDIN = 0
/** How much of a file is read at a time, in bytes. */
const FILE_CHUNK = 256 * 1024

/** What a command reads. */
export interface Input {
  /** stdin up to its end, or to SIGTERM or SIGINT, so that what is in hand is finished */
  stream: Readable
  /** how many bytes of a file have been read */
  bytesRead: () => number
  /** Lets go of stdin, so that the process can end. */
  close: () => void
}

/** @param hurry is told that a signal asks to finish */
export function openInput(hurry: () => void): Input {
  const file = isFile()
  let asked = false
  let bytesRead = 0
  const close = () => {
    if (!file) process.stdin.destroy()
  }

  /**
   * A file is there at once: to read it here costs a third of what it takes to ask another thread for it and to wait
   * until that is done.
   */
  async function* fileChunks(): AsyncGenerator<Buffer> {
    while (!asked) {
      const chunk = Buffer.allocUnsafeSlow(FILE_CHUNK)
      const size = readSync(STDIN, chunk)
      if (size === 0) return
      bytesRead += size
      yield chunk.subarray(0, size)
      // signals and timers have their turn
      await setImmediate()
    }
  }

  async function* chunks(): AsyncGenerator<Buffer> {
    const stop = () => {
      asked = true
      close()
      hurry()
    }
    process.once('SIGTERM', stop).once('SIGINT', stop)
    try {
      yield* file ? fileChunks() : process.stdin
    } catch (error) {
      if (!asked) throw error
    }
  }

  return { stream: Readable.from(chunks(), { objectMode: false }), bytesRead: () => bytesRead, close }
}

function isFile(): boolean {
  try {
    return fstatSync(STDIN).isFile()
  } catch {
    return false // stdin is closed
  }
}
