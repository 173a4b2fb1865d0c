/** How many that came back are kept for the next ones. */
const KEPT = 4

const free: Buffer[] = []
const lent = new WeakMap<ArrayBufferLike, Buffer>()

/**
 * Room for a block of input. It is the reader's until `giveBack`; a block that never comes back is garbage like any
 * other. New ones for each read would make a replay collect garbage for a tenth of its time.
 */
export function lendBlock(size: number): Buffer {
  const block = free.pop()
  if (block?.length === size) return block
  const fresh = Buffer.allocUnsafeSlow(size)
  lent.set(fresh.buffer, fresh)
  return fresh
}

/** Says that nobody looks at a block any more, nor at any part of it. One that was not lent may be given, too. */
export function giveBack(part: Buffer): void {
  const block = lent.get(part.buffer)
  if (block && free.length < KEPT && !free.includes(block)) free.push(block)
}
