import type { Format } from '../layout/log-format.js'

/**
 * Whether a line may be more or less than one record: what filled uWSGI's buffer has lost its end, so that a client
 * chose what stands there instead, or what the next record is joined to.
 */
export function mayBeCut(line: string, { bufsize }: Format): boolean {
  // a UTF-16 unit is 3 bytes at the most
  return line.length * 3 >= bufsize && Buffer.byteLength(line) >= bufsize
}
