/*
 * Buffers that are used again: with new ones for each read and each write, a tenth of a replay would be spent on
 * collecting them. The rules of ownership:
 *
 * 1. Who acquires a buffer owns it, and so does a stage that receives one as a chunk. A buffer has one owner.
 * 2. Its owner hands it on, whole or in part, to the one who then owns it; or releases it.
 * 3. From then on its bytes may change at any time. Who needs some of them for longer copies them before (`Buffer.from`).
 * 4. One that is never released is garbage like any other, and to release one that is not of the pool does nothing: a
 *    stage that knows nothing of the pool may stand between two that do, if it keeps no chunk that it hands on.
 */

declare const owned: unique symbol

/** A buffer, or a part of one, that its holder owns by the rules above. A plain `Buffer` is only looked at. */
export type OwnedBuffer = Buffer & { readonly [owned]: true }

/** How many free buffers of a size are kept. */
const MAX_FREE_PER_SIZE = 4

const freeBySize = new Map<number, OwnedBuffer[]>()
/** The buffers of the pool, by the memory in which they lie. */
const pooledIn = new WeakMap<ArrayBufferLike, OwnedBuffer[]>()

/** @param bytes the size; of a few sizes, since only buffers of the same size are used again */
export function acquire(bytes: number): OwnedBuffer {
  const free = freeBySize.get(bytes)?.pop()
  if (free) return free
  const buffer = asOwned(Buffer.allocUnsafeSlow(bytes))
  pooledIn.set(buffer.buffer, [buffer])
  return buffer
}

/** Gives up a buffer, by any part of it. */
export function release(part: OwnedBuffer): void {
  const buffer = pooledIn.get(part.buffer)?.find(whole => holds(whole, part))
  if (!buffer) return
  const free = freeBySize.get(buffer.length) ?? []
  freeBySize.set(buffer.length, free)
  if (free.length < MAX_FREE_PER_SIZE && !free.includes(buffer)) free.push(buffer)
}

/** Adds memory of the caller's to the pool, which is acquired before any new one is made. */
export function addToPool(memory: Buffer): void {
  const buffer = asOwned(memory)
  pooledIn.set(buffer.buffer, [...(pooledIn.get(buffer.buffer) ?? []), buffer])
  release(buffer)
}

/** Says of a buffer that nobody else looks at it, such as a new one. */
export function asOwned(buffer: Buffer): OwnedBuffer {
  return buffer as OwnedBuffer
}

/** A part of an owned buffer, in place of the whole. */
export function partOf(buffer: OwnedBuffer, start: number, end?: number): OwnedBuffer {
  return asOwned(buffer.subarray(start, end))
}

function holds(whole: Buffer, part: Buffer): boolean {
  return part.byteOffset >= whole.byteOffset && part.byteOffset < whole.byteOffset + whole.length
}
