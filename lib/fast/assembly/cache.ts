import { equals, hashOf } from './bytes'

/** How many places there are (a power of two), and on how many of them a stretch may fall. */
export const PLACES: u32 = 32768
const CHOICES: u32 = 4
/** The longest that is remembered, in bytes. */
export const LONGEST: usize = 96
/** What a place takes: the stretch, its length, and what its owner keeps of it. */
const PLACE: usize = 160
const LENGTH: usize = LONGEST
/** Where in a place its owner's part begins. */
export const KEPT: usize = LONGEST + 1

const table = heap.alloc(<usize>PLACES * PLACE)

/** Whether the place that was last found is new, so that its owner's part is still to be filled. */
export let fresh = false

/**
 * The place of a stretch that may be in many lines, as an address: that where it was remembered, or a new one. Of
 * those that fall on the same places the last one is remembered.
 * @param length LONGEST at most
 */
export function placeOf(start: usize, length: usize): usize {
  const hash = hashOf(start, length)
  let place: usize = 0
  for (let i: u32 = 0; i < CHOICES; i++) {
    place = table + <usize>((hash + i) & (PLACES - 1)) * PLACE
    const known: usize = load<u8>(place, LENGTH)
    if (known === length && equals(start, place, length)) {
      fresh = false
      return place
    }
    if (known === 0) break
  }
  memory.copy(place, start, length)
  store<u8>(place, <u8>length, LENGTH)
  fresh = true
  return place
}

/** Which of all places one is, from 0 on. */
export function indexOf(place: usize): u32 {
  return <u32>((place - table) / PLACE)
}
