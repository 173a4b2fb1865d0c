/*
 * What a host is told of the failure that it counts, beside what it is called with: in memory, since it takes far longer to
 * ask for a global.
 */
import { skipToQuery } from '../../fast/assembly/bytes'
import { entryOf, indexOf, isNew, MAX_KEY_BYTES } from '../../fast/assembly/cache'
import { keepBare } from './host'
import { methodEnd, methodStart, status, uriEnd, uriStart } from './request'

/** Its status, and where its method and its URI begin and end, of 32 bits each. */
export const told = heap.alloc(20)

export function tell(): void {
  store<i32>(told, status)
  store<u32>(told, methodStart, 4)
  store<u32>(told, methodEnd, 8)
  store<u32>(told, uriStart, 12)
  store<u32>(told, uriEnd, 16)
}

/** The index of the entry of its URI without the query; -1 where that is too long for one. */
export function bareIndex(): i32 {
  // with the quote in front of it, so that it is no address
  const key = uriStart - 1
  const length = skipToQuery(uriStart) - key
  if (length > MAX_KEY_BYTES) return -1
  const entry = entryOf(key, length)
  if (isNew) keepBare(uriStart, length - 1, indexOf(entry))
  return indexOf(entry)
}
