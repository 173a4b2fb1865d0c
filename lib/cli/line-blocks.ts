import { INPUT_BLOCK_BYTES } from '../fast/block-size.js'
import { acquire, asOwned, type OwnedBuffer, partOf } from '../fast/buffer-pool.js'

/** Up to how many bytes are handed on as a copy, so that the block is used again: a block a line would be a lot of garbage. */
const MAX_COPY_BYTES = 8 * 1024
const NEWLINE = 0x0a

/** Input in blocks of whole lines, so that none has to be put together later; a line longer than a block comes in pieces. */
export interface LineBlocks {
  /** Where the next bytes are to be read. */
  room: () => Buffer
  /** The whole lines, now that so many bytes have been read. */
  take: (bytesRead: number) => OwnedBuffer
  /** What came after the last newline. */
  rest: () => OwnedBuffer
}

export function createLineBlocks(): LineBlocks {
  let rest = asOwned(Buffer.alloc(0))
  let block = rest
  let isOwned = false
  return {
    room() {
      if (!isOwned) block = acquire(INPUT_BLOCK_BYTES)
      isOwned = true
      return block.subarray(rest.copy(block))
    },
    take(bytesRead) {
      const end = rest.length + bytesRead
      const linesEnd = block.lastIndexOf(NEWLINE, end - 1) + 1 || end
      // a copy, since the block is handed on
      rest = asOwned(Buffer.from(block.subarray(linesEnd, end)))
      isOwned = linesEnd <= MAX_COPY_BYTES
      return isOwned ? asOwned(Buffer.from(block.subarray(0, linesEnd))) : partOf(block, 0, linesEnd)
    },
    rest: () => rest,
  }
}
