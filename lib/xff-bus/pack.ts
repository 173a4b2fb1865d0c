import { constants, deflateRawSync, inflateRawSync } from 'node:zlib'
import type { Batch } from './broker.js'
import { HEADER } from './headers.js'

/** How many bytes of lines a batch holds; one line may be longer. */
export const BATCH_BYTES = 64 * 1024
/** What one may unpack to: it may come from a host that was taken over. */
const MAX_UNPACKED_BYTES = 256 * 1024
/** Shorter ones are not worth the work. */
const MIN_PACKED_BYTES = 1024
const DEFLATE = 'deflate'

/** Lines as they are stored, and the headers that go with them. */
export function pack(lines: Buffer, headers: Iterable<readonly [string, string]>): Batch {
  if (lines.length < MIN_PACKED_BYTES) return { headers: new Map(headers), payload: lines }
  return {
    headers: new Map([...headers, [HEADER.encoding, DEFLATE]]),
    payload: deflateRawSync(lines, { level: constants.Z_BEST_SPEED }),
  }
}

/** @throws Error where it is not what it says that it is, or too much */
export function unpack({ headers, payload }: Batch): Buffer {
  const encoding = headers.get(HEADER.encoding)
  if (encoding === DEFLATE) return inflateRawSync(payload, { maxOutputLength: MAX_UNPACKED_BYTES })
  if (encoding !== undefined) throw new Error(`unknown encoding ${JSON.stringify(encoding)}`)
  if (payload.length > MAX_UNPACKED_BYTES) throw new Error(`more than ${MAX_UNPACKED_BYTES} bytes`)
  return payload
}
