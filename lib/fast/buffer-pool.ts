/** How many of a size are kept, when they came back, for the next ones. */
const KEPT = 4

const free = new Map<number, Buffer[]>()
// by the memory in which they lie
const lent = new WeakMap<ArrayBufferLike, Buffer[]>()

/**
 * Room for a block of bytes. It is its owner's until `giveBack`; one that never comes back is garbage like any other.
 * With new ones for each read and each write, a tenth of a replay would be spent on collecting them.
 * @param size in bytes; of a few sizes
 */
export function lendBlock(size: number): Buffer {
  const known = free.get(size)?.pop()
  if (known) return known
  const block = Buffer.allocUnsafeSlow(size)
  lent.set(block.buffer, [block])
  return block
}

/** Has a block lent before new ones are made: one that lies where what is read into it need not be copied to. */
export function addBlock(block: Buffer): void {
  lent.set(block.buffer, [...(lent.get(block.buffer) ?? []), block])
  giveBack(block)
}

/** Says that nobody looks at a block any more, nor at any part of it. One that was not lent may be given, too. */
export function giveBack(part: Buffer): void {
  const block = lent.get(part.buffer)?.find(whole => holds(whole, part))
  if (!block) return
  const kept = free.get(block.length) ?? []
  free.set(block.length, kept)
  if (kept.length < KEPT && !kept.includes(block)) kept.push(block)
}

function holds(whole: Buffer, part: Buffer): boolean {
  return part.byteOffset >= whole.byteOffset && part.byteOffset < whole.byteOffset + whole.length
}
