import type { Transform } from 'node:stream'
import { transform } from 'through2'
import { type OwnedBuffer, release } from '../fast/buffer-pool.js'
import type { BlockReader } from './block-reader.js'
import { lastTally, type Stretch } from './stretch.js'
import type { UnreadLog } from './unread-log.js'

const NEWLINE = 0x0a

/** How many bytes of records are gathered before they are written. */
const BLOCK_BYTES = 65_536

/** What a pipe holds (Linux, pipe(7)): more than that cannot be written before its reader has taken some. */
export const PIPE_BYTES = 65_536

/**
 * The records wait for more of them only while the input does not. Where they are more than a pipe holds, a block is read
 * in pieces, so that the reader of the pipe works on the records of one piece while the next one is read.
 */
export function fastStage(
  { read, size, take, end }: BlockReader,
  unread: UnreadLog,
  stretch: Stretch | undefined,
): Transform {
  let pause: NodeJS.Immediate | undefined
  // bytes of input whose records fill a pipe, as those read last were
  let pieceBytes = Number.POSITIVE_INFINITY
  const flush = (stream: Transform) => {
    clearImmediate(pause)
    pause = undefined
    const records = take()
    if (records) stream.push(records)
  }
  /** Reads a piece of whole lines. @returns where it ends */
  const readPiece = (block: Buffer, start: number): number => {
    const rest = block.length - start
    const length = rest / Math.ceil(rest / pieceBytes)
    const stop = block.indexOf(NEWLINE, start + length - 1) + 1 || block.length
    const before = size()
    read(block.subarray(start, stop))
    pieceBytes = (PIPE_BYTES * (stop - start)) / (size() - before)
    return stop
  }
  return transform(
    function (this: Transform, block: OwnedBuffer, _encoding, done) {
      unread.before(block)
      const readFrom = (start: number) => {
        const stop = readPiece(block, start)
        const isEnd = stop === block.length || this.destroyed
        const isPiece = start > 0 || !isEnd
        // a push from here makes the input wait while the last one has not been taken
        if (isPiece || size() >= BLOCK_BYTES || this.readableLength > 0) flush(this)
        else if (size() > 0) pause ??= setImmediate(flush, this)
        if (!isEnd) return setImmediate(readFrom, stop)
        unread.after()
        release(block)
        return done()
      }
      readFrom(0)
    },
    function (this: Transform, done: () => void) {
      flush(this)
      end()
      const last = lastTally(stretch)
      if (last) this.push(last)
      unread.end()
      done()
    },
  )
}
