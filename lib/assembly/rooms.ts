/** How many bytes are read at once, at the most: those of a block of input. */
export const CAPACITY: usize = 1 << 18
// what is looked at before and behind the lines; it holds zeros before the first of them
const MARGIN: usize = 64
const STRIDE = MARGIN + CAPACITY + MARGIN
const rooms = heap.alloc(3 * STRIDE)

/** Where lines can be read. */
export const roomOne = rooms + MARGIN
export const roomTwo = roomOne + STRIDE
export const roomThree = roomTwo + STRIDE
