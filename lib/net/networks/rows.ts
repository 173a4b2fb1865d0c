import type { Bytes } from '../address.js'

/** An address in 32-bit words, the first one in front: one word for IPv4, four for IPv6. */
export type Words = Uint32Array

export function wordsOf(address: Bytes): Words {
  const words = new Uint32Array(address.length / 4)
  for (const [i, byte] of address.entries()) words[i >> 2] = (words[i >> 2] ?? 0) * 256 + byte
  return words
}

/**
 * Rows of one family, each a range of addresses and the number of its network, in typed arrays. Of the rows that hold an
 * address the one with the latest start is its own, of these the shortest, of the same ones the last: so with nested
 * ranges it is the most specific.
 */
export interface Rows {
  add: (start: Words, end: Words, asn: number) => void
  /** Rows can be found from now on, and no more are added. */
  seal: () => void
  size: () => number
  /** The row of an address, and the first and last address of the piece around it that is of no other row; undefined: none */
  find: (address: Words) => Piece | undefined
}

export interface Piece {
  asn: number
  first: Words
  last: Words
}

const NONE = -1

/** @param width words of an address */
export function createRows(width: 1 | 4, capacity: number): Rows {
  let starts = new Uint32Array(capacity * width)
  let ends = new Uint32Array(capacity * width)
  let asns = new Uint32Array(capacity)
  let count = 0
  let isSorted = true
  // of each row the one before it that may hold what lies behind its end
  let outer = new Int32Array(0)

  const startOf = (row: number) => starts.subarray(row * width, (row + 1) * width)
  const endOf = (row: number) => ends.subarray(row * width, (row + 1) * width)
  const order = (a: number, b: number) =>
    compare(starts, a, starts, b, width) || -compare(ends, a, ends, b, width) || a - b

  const sort = () => {
    const rows = Uint32Array.from({ length: count }, (_, row) => row).sort(order)
    starts = permuted(starts, rows, width)
    ends = permuted(ends, rows, width)
    asns = permuted(asns, rows, 1)
  }
  const nest = () => {
    outer = new Int32Array(count)
    let around = NONE
    for (let row = 0; row < count; row++) {
      while (around !== NONE && compare(ends, around, starts, row, width) < 0) around = outer[around] ?? NONE
      outer[row] = around
      around = row
    }
  }
  /** The last row that does not start behind an address. */
  const lastUpTo = (address: Words): number => {
    let [low, high] = [0, count]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (compare(starts, middle, address, 0, width) <= 0) low = middle + 1
      else high = middle
    }
    return low - 1
  }

  return {
    add(start, end, asn) {
      starts.set(start, count * width)
      ends.set(end, count * width)
      asns[count] = asn
      count += 1
      if (count > 1 && order(count - 2, count - 1) > 0) isSorted = false
    },
    seal() {
      starts = starts.slice(0, count * width)
      ends = ends.slice(0, count * width)
      asns = asns.slice(0, count)
      if (!isSorted) sort()
      nest()
    },
    size: () => count,
    find(address) {
      const before = lastUpTo(address)
      let row = before
      let over: Words | undefined
      while (row !== NONE && compare(ends, row, address, 0, width) < 0) {
        if (!over || compare(ends, row, over, 0, width) > 0) over = endOf(row)
        row = outer[row] ?? NONE
      }
      if (row === NONE) return undefined
      const next = before + 1
      const hasNext = next < count && compare(starts, next, ends, row, width) <= 0
      return {
        asn: asns[row] ?? 0,
        first: over ? stepped(over, 1) : startOf(row).slice(),
        last: hasNext ? stepped(startOf(next), -1) : endOf(row).slice(),
      }
    },
  }
}

/** Negative where the one address is before the other, 0 where they are the same. */
function compare(a: Uint32Array, atA: number, b: Uint32Array, atB: number, width: number): number {
  for (let i = 0; i < width; i++) {
    const difference = (a[atA * width + i] ?? 0) - (b[atB * width + i] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

/** The address before or behind another, which has one there. */
function stepped(address: Words, by: 1 | -1): Words {
  const next = address.slice()
  for (let i = next.length - 1; i >= 0; i--) {
    const word = next[i] ?? 0
    next[i] = word + by
    if (by > 0 ? word !== 0xffffffff : word !== 0) break
  }
  return next
}

function permuted(
  items: Uint32Array<ArrayBuffer>,
  rows: Uint32Array,
  width: number,
): Uint32Array<ArrayBuffer> {
  const sorted = new Uint32Array(items.length)
  for (const [i, row] of rows.entries()) sorted.set(items.subarray(row * width, (row + 1) * width), i * width)
  return sorted
}
