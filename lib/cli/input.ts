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
  /** the size of a file in bytes; 0 where it is something else */
  size: number
  /** how many bytes of a file have been read */
  bytesRead: () => number
  /** Lets go of stdin, so that the process can end. */
  close: () => void
}

/** @param hurry is told that a signal asks to finish */
export function openInput(hurry: () => void): Input {
  const { file, size } = look()
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
      const read = readSync(STDIN, chunk)
      if (read === 0) return
      bytesRead += read
      yield chunk.subarray(0, read)
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

  const stream = Readable.from(chunks(), { objectMode: false })
  return { stream, size, bytesRead: () => bytesRead, close }
}

function look(): { file: boolean; size: number } {
  try {
    const stat = fstatSync(STDIN)
    return stat.isFile() ? { file: true, size: stat.size } : { file: false, size: 0 }
  } catch {
    return { file: false, size: 0 } // stdin is closed
  }
}
