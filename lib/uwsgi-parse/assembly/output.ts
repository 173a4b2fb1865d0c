import { flush } from './host'

/** How much is held between two writes. */
const CAPACITY: usize = 1 << 20
/** What a copy may touch behind its end. */
const SLACK: usize = 16

export const output = heap.alloc(CAPACITY + SLACK)
/** Where the next record is to be written. */
export let written = output

/** Where `size` bytes may be written. */
export function reserve(size: usize): usize {
  if (written + size > output + CAPACITY) flush()
  return written
}

/** Says that something was written up to a place. */
export function commit(end: usize): void {
  written = end
}
