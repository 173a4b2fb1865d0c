import { INPUT_BLOCK_BYTES } from '../block-size'

/** The size of the buffer for input that has to be copied, as a block that was put together. */
export const COPY_BYTES: usize = 1 << 19
/** What may be looked at before and behind the lines; it holds zeros before the first of them. */
const MARGIN_BYTES: usize = 512
const inputs = heap.alloc(2 * INPUT_BLOCK_BYTES + COPY_BYTES + 4 * MARGIN_BYTES)

/** Where lines can be read: a block of input each in the first two, what is copied in the third. */
export const firstInput = inputs + MARGIN_BYTES
export const secondInput = firstInput + INPUT_BLOCK_BYTES + MARGIN_BYTES
export const copiedInput = secondInput + INPUT_BLOCK_BYTES + MARGIN_BYTES
