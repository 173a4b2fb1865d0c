import { type Block, equals, hashOf, toBlock } from './bytes.js'

/** How many stretches are remembered (a power of two), and on how many places each may fall. */
export const REMEMBERED = 32_768
const PLACES = 4
/** Longer ones are made anew each time, in bytes. */
const LONGEST = 64

/**
 * What is made of stretches of ASCII, remembered by their bytes: for what is in many lines, as an address. Of those
 * that fall on the same places the last one is remembered.
 * @param make is told, too, which of the REMEMBERED places that will have; none for what is not remembered
 */
export function remember<T>(
  make: (text: string, place?: number) => T,
): (block: Block, start: number, end: number) => T {
  // side by side, since to follow a pointer to each takes longer than all the rest
  const texts = toBlock(Buffer.allocUnsafeSlow(REMEMBERED * LONGEST))
  const lengths = new Uint8Array(REMEMBERED)
  const made: (T | undefined)[] = Array.from({ length: REMEMBERED })

  const makeNew = ({ bytes }: Block, start: number, end: number, hash: number): T => {
    const text = bytes.toString('latin1', start, end)
    if (end - start > LONGEST) return make(text)
    let place = hash & (REMEMBERED - 1)
    for (let i = 1; i < PLACES && lengths[place] !== 0; i++) place = (hash + i) & (REMEMBERED - 1)
    const result = make(text, place)
    bytes.copy(texts.bytes, place * LONGEST, start, end)
    lengths[place] = end - start
    made[place] = result
    return result
  }

  return (block, start, end) => {
    const hash = hashOf(block.bytes, start, end)
    for (let i = 0; i < PLACES; i++) {
      const place = (hash + i) & (REMEMBERED - 1)
      const length = lengths[place] as number
      if (length === 0) break
      if (length === end - start && equals(block, start, texts, place * LONGEST, length))
        return made[place] as T
    }
    return makeNew(block, start, end, hash)
  }
}

/** What is made of stretches of one length, the last one remembered: for what changes seldom, as a date. */
export function rememberLast<T>(
  length: number,
  make: (text: string) => T,
): (block: Block, start: number) => T {
  const last = toBlock(Buffer.alloc(length))
  let made = make(last.bytes.toString('latin1'))
  return (block, start) => {
    if (equals(block, start, last, 0, length)) return made
    made = make(block.bytes.toString('latin1', start, start + length))
    last.bytes.fill(0)
    block.bytes.copy(last.bytes, 0, start, start + length)
    return made
  }
}
