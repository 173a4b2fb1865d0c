import { toBlock } from '../bytes.js'

/** Bytes gathered for one write. */
export interface Output {
  /** where to write, from `length` on */
  view: DataView
  length: number
  /** Makes room for so many more bytes. */
  reserve: (size: number) => void
  /** Adds a text. */
  text: (text: string) => void
  /** What was gathered, which leaves nothing; undefined where that was nothing. */
  take: () => Buffer | undefined
}

/** How much is held between two writes; a block of lines that comes to more is the exception. */
const CAPACITY = 512 * 1024

export function createOutput(): Output {
  let bytes = Buffer.allocUnsafeSlow(CAPACITY)
  return {
    view: toBlock(bytes).view,
    length: 0,
    reserve(size) {
      if (this.length + size <= bytes.length) return
      const larger = Buffer.allocUnsafeSlow(2 * (this.length + size))
      bytes.copy(larger, 0, 0, this.length)
      bytes = larger
      this.view = toBlock(bytes).view
    },
    text(text) {
      // a UTF-16 unit is 3 bytes at the most
      this.reserve(3 * text.length)
      this.length += bytes.write(text, this.length)
    },
    take() {
      if (this.length === 0) return undefined
      const taken = Buffer.from(bytes.subarray(0, this.length))
      this.length = 0
      return taken
    },
  }
}

/** A text to be written often. */
export interface Stretch {
  view: DataView
  start: number
  length: number
}

/** @param text of ASCII */
export function stretch(text: string): Stretch {
  return { view: toBlock(Buffer.from(`${text}   `)).view, start: 0, length: text.length }
}

/** How much of a shelf one text takes, in bytes. */
const SHELF = 80

/** Room for as many texts of ASCII side by side: what many pointers lead to is slow to reach. */
export function createShelf(places: number): (text: string, place: number) => Stretch {
  const { bytes, view } = toBlock(Buffer.allocUnsafeSlow(places * SHELF))
  return (text, place) => {
    const start = place * SHELF
    // and as many more as a copy may touch
    if (text.length + 3 > SHELF) return stretch(text)
    bytes.write(text, start, 'latin1')
    return { view, start, length: text.length }
  }
}

/** Writes a text. Returns where it ends; see `copy`. */
export function put(to: DataView, at: number, { view, start, length }: Stretch): number {
  return copy(to, at, view, start, start + length)
}

/**
 * Copies a stretch, four bytes at a time, since a call that copies costs more for so few. Up to three bytes behind
 * the end are touched in both: there have to be that many.
 * @returns where it ends
 */
export function copy(to: DataView, at: number, from: DataView, start: number, end: number): number {
  for (let i = start, place = at; i < end; i += 4, place += 4)
    to.setInt32(place, from.getInt32(i, true), true)
  return at + end - start
}
