import { isUtf8 } from 'node:buffer'
import type { Transform } from 'node:stream'
import { transform } from 'through2'
import { giveBack } from '../fast/buffer-pool.js'

/** The longest line that is read, in UTF-16 units; what is longer reaches the reader cut and is refused there. */
export const MAX_LINE = 65_536

/** Put before a line that is not UTF-8: decoding would hide it, since U+FFFD may stand there by right. */
export const NOT_UTF8 = '\0'

const NEWLINE = 0x0a
/** Enough bytes that a line which is cut still decodes to more than MAX_LINE units. */
const KEPT = 3 * (MAX_LINE + 1)

/**
 * Bytes in, Buffers of whole lines out, so that nothing behind it depends on how the input was cut.
 * However long a line is, no more than KEPT bytes of it are held or passed on.
 */
export function wholeLines({ markInvalid = false } = {}): Transform {
  let held: Buffer[] = []
  let size = 0

  const hold = (piece: Buffer) => {
    const room = KEPT - size
    if (room <= 0 || piece.length === 0) return
    // a copy, since who takes the rest of the block may give it back
    held.push(Buffer.from(piece.subarray(0, room)))
    size += Math.min(room, piece.length)
  }
  const take = (end: Buffer[]): Buffer => {
    const block =
      held.length === 0 && end.length === 1 ? (end[0] as Buffer) : Buffer.concat([...held, ...end])
    held = []
    size = 0
    if (!markInvalid || isUtf8(block)) return block
    const copy = marked(block)
    giveBack(block)
    return copy
  }

  return transform(
    function (this: Transform, chunk: Buffer, _encoding, done) {
      const last = chunk.lastIndexOf(NEWLINE)
      if (last < 0) {
        hold(chunk)
        giveBack(chunk)
        return done()
      }
      // first of all, since who takes the rest of the block may give it back, or write to it
      const rest = Buffer.from(chunk.subarray(last + 1))
      if (size > 0) {
        // the held line ends here; it alone may have to be cut
        const first = chunk.indexOf(NEWLINE)
        hold(chunk.subarray(0, first))
        this.push(take([chunk.subarray(first, first + 1)]))
        if (last > first) this.push(take([chunk.subarray(first + 1, last + 1)]))
        else giveBack(chunk)
      } else {
        this.push(take([chunk.subarray(0, last + 1)]))
      }
      hold(rest)
      done()
    },
    function (this: Transform, done: () => void) {
      if (size > 0) this.push(take([]))
      done()
    },
  )
}

/** The same lines, each that is not UTF-8 with the mark in front. */
function marked(block: Buffer): Buffer {
  const pieces: Buffer[] = []
  for (let start = 0; start < block.length; ) {
    const newline = block.indexOf(NEWLINE, start)
    const end = newline < 0 ? block.length : newline + 1
    const line = block.subarray(start, end)
    if (!isUtf8(line)) pieces.push(Buffer.from(NOT_UTF8))
    pieces.push(line)
    start = end
  }
  return Buffer.concat(pieces)
}

/** The lines of a block. */
export function* linesOf(block: Buffer): Generator<string> {
  for (let start = 0; start < block.length; ) {
    const newline = block.indexOf(NEWLINE, start)
    const end = newline < 0 ? block.length : newline
    yield block.toString('utf8', start, end)
    start = end + 1
  }
}
