import { fstatSync, readSync } from 'node:fs'
import { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { INPUT_BLOCK_BYTES } from '../fast/block-size.js'
import { acquire, asOwned, type OwnedBuffer, partOf } from '../fast/buffer-pool.js'
import { readStdin } from './stdin-pipe.js'

const STDIN = 0
/** Up to how many bytes are handed on as a copy, and the block kept: one a line would be garbage by the gigabyte. */
const FEW = 8 * 1024
/** How many blocks of a file are read before anything else has a turn. */
const BLOCKS = 8
const NEWLINE = 0x0a

/** What a command reads. */
export interface Input {
  /** Opens stdin, which ends where it does, or at SIGTERM or SIGINT, so that what is in hand is finished. */
  open: () => Readable
  /** the size of a file in bytes; 0 where it is something else */
  size: number
  /** how many bytes of a file have been read */
  bytesRead: () => number
  /** Lets go of stdin, so that the process can end. */
  close: () => void
}

/** @param hurry is told that a signal asks to finish */
export function openInput(hurry: () => void): Input {
  const { kind, size } = look()
  let asked = false
  let bytesRead = 0
  let close = () => {}
  const blocks = createLineBlocks()

  /**
   * A file is there at once: to read it here costs a third of what it takes to ask another thread for it and to wait
   * until that is done.
   */
  async function* fileBlocks(): AsyncGenerator<Buffer> {
    for (let count = 1; !asked; count++) {
      const read = readSync(STDIN, blocks.room())
      if (read === 0) break
      bytesRead += read
      yield blocks.take(read)
      // signals and timers have their turn, and what was gathered to be written
      if (count % BLOCKS === 0) await setImmediate()
    }
    yield blocks.rest()
  }

  async function* otherwise(): AsyncGenerator<Buffer> {
    close = () => process.stdin.destroy()
    try {
      yield* process.stdin
    } catch (error) {
      if (!asked) throw error
    }
  }

  const open = (): Readable => {
    const stop = () => {
      asked = true
      close()
      hurry()
    }
    process.once('SIGTERM', stop).once('SIGINT', stop)
    if (kind !== 'pipe')
      return Readable.from(kind === 'file' ? fileBlocks() : otherwise(), { objectMode: false })
    const pipe = readStdin(blocks)
    close = pipe.end
    return pipe.stream
  }
  return { open, size, bytesRead: () => bytesRead, close: () => close() }
}

/** What is read, in blocks of whole lines, so that none has to be put together; a longer line comes as it is read. */
export interface Blocks {
  /** Where the next bytes are to be read. */
  room: () => Buffer
  /** The block, now that so many bytes have been read. */
  take: (read: number) => OwnedBuffer
  /** What came behind the last newline. */
  rest: () => OwnedBuffer
}

export function createLineBlocks(): Blocks {
  let rest = asOwned(Buffer.alloc(0))
  let block = rest
  let isOurs = false
  return {
    room() {
      if (!isOurs) block = acquire(INPUT_BLOCK_BYTES)
      isOurs = true
      return block.subarray(rest.copy(block))
    },
    take(read) {
      const end = rest.length + read
      const last = block.lastIndexOf(NEWLINE, end - 1) + 1 || end
      // a copy, since the block is handed on
      rest = asOwned(Buffer.from(block.subarray(last, end)))
      isOurs = last <= FEW
      const lines = partOf(block, 0, last)
      return isOurs ? asOwned(Buffer.from(lines)) : lines
    },
    rest: () => rest,
  }
}

function look(): { kind: 'file' | 'pipe' | 'other'; size: number } {
  try {
    const stat = fstatSync(STDIN)
    return stat.isFile()
      ? { kind: 'file', size: stat.size }
      : { kind: stat.isFIFO() ? 'pipe' : 'other', size: 0 }
  } catch {
    return { kind: 'other', size: 0 } // stdin is closed
  }
}
