import { copy } from '../../fast/assembly/bytes'
import { entryOf, isNew, MAX_KEY_BYTES, VALUE_OFFSET } from '../../fast/assembly/cache'
import { fillSender } from './host'

// what the host makes of an address slot, behind the slot itself
const FLAGS: usize = VALUE_OFFSET
const LENGTH: usize = VALUE_OFFSET + 1
/** Where in the place of a sender the host writes the client as JSON. */
export const CLIENT: usize = VALUE_OFFSET + 2

// flags
const UNKNOWN: u8 = 1
const LISTED: u8 = 2
const PRIVATE: u8 = 4

/** Who stands in an address slot; 0 for a slot that is too long to be remembered. */
export function senderIn(start: usize, end: usize): usize {
  const length = end - start
  if (length > MAX_KEY_BYTES) return 0
  const sender = entryOf(start, length)
  if (isNew) fillSender(sender, length)
  return sender
}

/**
 * Keeps what the host makes of a sender.
 * @param length of the client as JSON, which is written already
 */
export function keepSender(sender: usize, length: usize, unknown: bool, listed: bool, isPrivate: bool): void {
  store<u8>(sender, (unknown ? UNKNOWN : 0) | (listed ? LISTED : 0) | (isPrivate ? PRIVATE : 0), FLAGS)
  store<u8>(sender, <u8>length, LENGTH)
}

/** Whether it cannot be known who that is. */
export function isUnknown(sender: usize): bool {
  return (load<u8>(sender, FLAGS) & UNKNOWN) !== 0
}

/** Whether a record shows the slot: where it is more than the client. */
export function isListed(sender: usize): bool {
  return (load<u8>(sender, FLAGS) & LISTED) !== 0
}

/** Whether the slot holds one private address and nothing else. */
export function isPrivate(sender: usize): bool {
  return (load<u8>(sender, FLAGS) & PRIVATE) !== 0
}

/** Writes the client as JSON. Returns where that ends. */
export function putClient(to: usize, sender: usize): usize {
  return copy(to, sender + CLIENT, load<u8>(sender, LENGTH))
}
