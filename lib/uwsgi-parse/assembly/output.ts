import { flush } from './host'

/** How much is held between two writes. */
const CAPACITY_BYTES: usize = 1 << 20
/** What a copy may touch behind its end. */
const COPY_OVERRUN_BYTES: usize = 16

export const output = heap.alloc(CAPACITY_BYTES + COPY_OVERRUN_BYTES)
/** Where the next record is to be written. */
export let written = output

/** Where `size` bytes may be written. */
export function reserve(size: usize): usize {
  if (written + size > output + CAPACITY_BYTES) flush()
  return written
}

/** Says that something was written up to a place. */
export function commit(end: usize): void {
  written = end
}
