import { fstatSync, readSync } from 'node:fs'
import { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { EXIT, ExitError } from '../exit.js'
import { createLineBlocks } from './line-blocks.js'
import { readStdin } from './stdin-pipe.js'

const STDIN = 0
/** How many blocks of a file are read before anything else has a turn. */
const BLOCKS_PER_TURN = 8

/** What a command reads. */
export interface Input {
  /**
   * Opens stdin; the stream ends with it, or at SIGTERM or SIGINT, so that what was read is still finished.
   * @param ready until then a signal ends the process at once
   */
  open: (ready?: Promise<void>) => Readable
  /** the size of a file in bytes; 0 for anything else */
  size: number
  /** how many bytes of a file have been read */
  bytesRead: () => number
  /** Lets go of stdin, so that the process can end. */
  close: () => void
}

/** @param drain is called when a signal asks to finish; a second signal ends the process at once */
export function openInput(drain: () => void): Input {
  const { kind, size } = inspectStdin()
  let isStopped = false
  let isClosed = false
  let bytesRead = 0
  let close = () => {}
  const blocks = createLineBlocks()

  /**
   * A file is there at once: to read it here costs a third of what it takes to ask another thread for it and to wait
   * until that is done.
   */
  async function* fileBlocks(): AsyncGenerator<Buffer> {
    for (let count = 1; !isStopped; count++) {
      const bytes = readSync(STDIN, blocks.room())
      if (bytes === 0) break
      bytesRead += bytes
      yield blocks.take(bytes)
      // signals and timers have their turn, and what was gathered to be written
      if (count % BLOCKS_PER_TURN === 0) await setImmediate()
    }
    yield blocks.rest()
  }

  async function* anythingElse(): AsyncGenerator<Buffer> {
    close = () => process.stdin.destroy()
    try {
      yield* process.stdin
    } catch (error) {
      if (!isStopped) throw error
    }
  }

  const stop = () => {
    leaveSignals()
    isStopped = true
    close()
    drain()
  }
  /** From now on a signal ends the process at once, as it does where nobody listens for it. */
  const leaveSignals = () => {
    process.off('SIGTERM', stop).off('SIGINT', stop)
  }

  const heedSignals = () => {
    if (!isClosed) process.on('SIGTERM', stop).on('SIGINT', stop)
  }

  const open = (ready?: Promise<void>): Readable => {
    if (kind === 'directory') throw new ExitError('stdin is a directory: expected a file or a pipe', EXIT.io)
    if (ready) ready.then(heedSignals, () => {})
    else heedSignals()
    if (kind !== 'pipe')
      return Readable.from(kind === 'file' ? fileBlocks() : anythingElse(), { objectMode: false })
    const pipe = readStdin(blocks)
    close = pipe.end
    return pipe.stream
  }
  return {
    open,
    size,
    bytesRead: () => bytesRead,
    close() {
      isClosed = true
      leaveSignals()
      close()
    },
  }
}

function inspectStdin(): { kind: 'file' | 'pipe' | 'directory' | 'other'; size: number } {
  try {
    const stat = fstatSync(STDIN)
    if (stat.isFile()) return { kind: 'file', size: stat.size }
    return { kind: stat.isFIFO() ? 'pipe' : stat.isDirectory() ? 'directory' : 'other', size: 0 }
  } catch {
    return { kind: 'other', size: 0 } // stdin is closed
  }
}
