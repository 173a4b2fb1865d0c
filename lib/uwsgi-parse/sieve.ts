/** What a sieve has dropped. */
export interface Sieved {
  /** whole lines that are left, each that was dropped as an empty one, so that the lines keep their numbers */
  block: Buffer
  /** lines dropped because nobody asked for their status */
  dropped: number
  /** lines that were empty before */
  empty: number
}

const NEWLINE = 0x0a
const SPACE = 0x20
const OPEN = 0x28
const CLOSE = 0x29

const HEAD = Buffer.from('[pid: ')
// as they stand before one another at the end of a line, behind the status
const SWITCHES = Buffer.from(' switches on core ')
const BYTES = Buffer.from(' bytes ')
const IN = Buffer.from(' headers in ')

/**
 * Drops, on bytes, the lines of uWSGI's own layout whose status nobody asked for: most lines of most logs, which
 * then never become strings. A line that it is not sure of stays: one with anything before `[pid: `, or with a
 * tail that is not exactly `… STATUS) N headers in N bytes (N switches on core N)`.
 * @param block whole lines
 */
export function sieve(block: Buffer, wanted: (status: number) => boolean): Sieved {
  let left: Buffer | undefined
  let written = 0
  let kept = 0
  let dropped = 0
  let empty = 0
  for (let start = 0; start < block.length; ) {
    const end = block.indexOf(NEWLINE, start)
    // a last line without its end stays
    if (end < 0) break
    if (end === start) {
      empty += 1
    } else {
      const status = statusOf(block, start, end)
      if (status >= 0 && !wanted(status)) {
        dropped += 1
        left ??= Buffer.allocUnsafe(block.length)
        // mostly the newline of a line dropped just before: not worth a call
        if (start - kept === 1) left[written++] = NEWLINE
        else written += block.copy(left, written, kept, start)
        // the newline itself stays
        kept = end
      }
    }
    start = end + 1
  }
  if (!left) return { block, dropped, empty }
  written += block.copy(left, written, kept)
  return { block: left.subarray(0, written), dropped, empty }
}

/** The status of a line whose head and tail are well-formed; -1 for any other. */
function statusOf(block: Buffer, start: number, end: number): number {
  for (let i = 0; i < HEAD.length; i++) if (block[start + i] !== HEAD[i]) return -1
  if (block[end - 1] !== CLOSE) return -1
  let at = digits(block, end - 1)
  at = literal(block, at, SWITCHES)
  at = digits(block, at)
  if (block[at - 1] !== OPEN) return -1
  at = literal(block, at - 1, BYTES)
  at = digits(block, at)
  at = literal(block, at, IN)
  at = digits(block, at)
  if (block[at - 1] !== SPACE || block[at - 2] !== CLOSE || block[at - 6] !== SPACE || at - 6 < start)
    return -1
  const status = (digit(block, at - 5) * 10 + digit(block, at - 4)) * 10 + digit(block, at - 3)
  return status >= 0 ? status : -1
}

/** Where a run of digits that ends before `end` begins; -1 (and so on, through all that follows) where there is none. */
function digits(block: Buffer, end: number): number {
  let at = end
  while (digit(block, at - 1) >= 0) at -= 1
  return at === end ? -1 : at
}

/** Where a literal that ends before `end` begins; -1 where it does not stand there. */
function literal(block: Buffer, end: number, text: Buffer): number {
  const at = end - text.length
  for (let i = text.length - 1; i >= 0; i--) if (block[at + i] !== text[i]) return -1
  return at
}

/** A digit's value; far below zero for any other byte. */
function digit(block: Buffer, at: number): number {
  const value = (block[at] as number) - 0x30
  return value >= 0 && value <= 9 ? value : -10_000
}
