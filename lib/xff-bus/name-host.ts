import { byteLines } from './lines.js'

/** What may stand behind a JSON value. */
const BLANKS = [0x20, 0x09, 0x0a, 0x0d]
const CLOSING = 0x7d

/**
 * Writes into each record who has reported it: the broker vouches for that. It becomes the last field, which counts where
 * a host that was taken over has written another one; what is no JSON stays none.
 */
export function nameHost(lines: Buffer, from: string): Buffer {
  const end = Buffer.from(`,"from":${JSON.stringify(from)}}\n`)
  const parts: Buffer[] = []
  for (const line of byteLines(lines)) {
    let last = line.length - 1
    while (last >= 0 && BLANKS.includes(line[last] ?? 0)) last -= 1
    if (line[last] === CLOSING) parts.push(line.subarray(0, last), end)
    else parts.push(line)
  }
  return Buffer.concat(parts)
}
