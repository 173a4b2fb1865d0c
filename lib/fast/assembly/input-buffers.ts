/** How many bytes a block of input has. */
export const BLOCK: usize = 1 << 18
/** How many bytes are read at once, at the most: those of a block that was put together or marked, too. */
export const CAPACITY: usize = 1 << 19
// what is looked at before and behind the lines; it holds zeros before the first of them
const MARGIN: usize = 64
const rooms = heap.alloc(2 * BLOCK + CAPACITY + 4 * MARGIN)

/** Where lines can be read: a block each in the first two, up to CAPACITY in the third. */
export const roomOne = rooms + MARGIN
export const roomTwo = roomOne + BLOCK + MARGIN
export const roomThree = roomTwo + BLOCK + MARGIN
