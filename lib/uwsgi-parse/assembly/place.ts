import { PLACES } from '../sampling'

/** The place in which a client is marked as seen, by its text, as the host finds it (stretch.ts). */
export function placeOf(start: usize, end: usize): u32 {
  let hash: u32 = 0x811c9dc5
  for (let at = start; at < end; at++) hash = (hash ^ <u32>load<u8>(at)) * 0x01000193
  return (hash ^ (hash >>> 16)) & <u32>(PLACES - 1)
}
