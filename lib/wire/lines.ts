import { isUtf8 } from 'node:buffer'
import type { Transform } from 'node:stream'
import { transform } from 'through2'
import { asOwned, type OwnedBuffer, partOf, release } from '../fast/buffer-pool.js'

/** The longest line that is read, in UTF-16 units; a longer one reaches the reader cut, and is refused there. */
export const MAX_LINE_LENGTH = 65_536

/** Put before a line that is not UTF-8: decoding would hide it, since U+FFFD may stand there by right. */
export const NOT_UTF8 = '\0'

const NEWLINE = 0x0a
/** Enough bytes that a line which is cut still decodes to more than MAX_LINE_LENGTH units. */
const MAX_HELD_BYTES = 3 * (MAX_LINE_LENGTH + 1)

/**
 * Bytes in, Buffers of whole lines out, so that nothing after it depends on how the input was cut.
 * However long a line is, no more than MAX_HELD_BYTES bytes of it are held or passed on.
 */
export function wholeLines({ markInvalid = false } = {}): Transform {
  let held: Buffer[] = []
  let size = 0

  const hold = (piece: Buffer) => {
    const room = MAX_HELD_BYTES - size
    if (room <= 0 || piece.length === 0) return
    held.push(Buffer.from(piece.subarray(0, room)))
    size += Math.min(room, piece.length)
  }
  /** What is held, and behind it the end of its line; nothing is held any more. */
  const completed = (end: Buffer): OwnedBuffer => {
    const line = asOwned(Buffer.concat([...held, end]))
    held = []
    size = 0
    return line
  }
  const checked = (lines: OwnedBuffer): OwnedBuffer => {
    if (!markInvalid || isUtf8(lines)) return lines
    const copy = marked(lines)
    release(lines)
    return copy
  }

  return transform(
    function (this: Transform, chunk: OwnedBuffer, _encoding, done) {
      const last = chunk.lastIndexOf(NEWLINE)
      if (last < 0) {
        hold(chunk)
        release(chunk)
        return done()
      }
      // first of all, since the chunk is handed on
      const rest = Buffer.from(chunk.subarray(last + 1))
      if (size > 0) {
        // the held line ends here; it alone may have to be cut
        const first = chunk.indexOf(NEWLINE)
        hold(chunk.subarray(0, first))
        this.push(checked(completed(chunk.subarray(first, first + 1))))
        if (last > first) this.push(checked(partOf(chunk, first + 1, last + 1)))
        else release(chunk)
      } else {
        this.push(checked(partOf(chunk, 0, last + 1)))
      }
      hold(rest)
      done()
    },
    function (this: Transform, done: () => void) {
      if (size > 0) this.push(checked(completed(Buffer.alloc(0))))
      done()
    },
  )
}

/** The same lines, each that is not UTF-8 with the mark in front. */
function marked(block: Buffer): OwnedBuffer {
  const pieces: Buffer[] = []
  for (let start = 0; start < block.length; ) {
    const newline = block.indexOf(NEWLINE, start)
    const end = newline < 0 ? block.length : newline + 1
    const line = block.subarray(start, end)
    if (!isUtf8(line)) pieces.push(Buffer.from(NOT_UTF8))
    pieces.push(line)
    start = end
  }
  return asOwned(Buffer.concat(pieces))
}

/**
 * The lines of a block of whole lines. Where records flow one by one, split2 cuts them (`decode`); a stage that reads
 * blocks at once, and makes no object of most lines, has no use for a stream of them.
 */
export function* linesOf(block: Buffer): Generator<string> {
  for (let start = 0; start < block.length; ) {
    const newline = block.indexOf(NEWLINE, start)
    const end = newline < 0 ? block.length : newline
    yield block.toString('utf8', start, end)
    start = end + 1
  }
}
