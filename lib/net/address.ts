import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

/** An address as bytes: 4 for IPv4, 16 for IPv6. Never a v4-mapped one: `::ffff:1.2.3.4` is `1.2.3.4`. */
export type Bytes = readonly number[]

/**
 * The bytes of an address text, or `null` where it is none.
 * `net.isIP` goes first because ipaddr.js reads `010.1.2.3` as 8.1.2.3, and `1` as 0.0.0.1.
 */
export function bytes(text: string): Bytes | null {
  const version = isIP(text)
  if (version === 0) return null
  if (version === 4) return text.split('.').map(Number)
  // ::1.2.3.4 is ::102:304; ipaddr.js reads it as ::ffff:1.2.3.4
  const [bare = ''] = text.split('%', 1)
  return ipaddr.process(bare.replace(/^::(?=\d+\.)/, '::0:')).toByteArray()
}

/** Bytes to the canonical text of RFC 5952. */
export function text(address: Bytes): string {
  const parsed = ipaddr.fromByteArray([...address])
  return parsed instanceof ipaddr.IPv6 ? parsed.toRFC5952String() : parsed.toString()
}

/**
 * An address in its canonical text: RFC 5952 for IPv6, `1.2.3.4` for `::ffff:1.2.3.4`, no zone id.
 * `null` where the text is no address: `010.1.1.1`, `1.2.3`, `[::1]`, `1.2.3.4:80`.
 */
export function canonical(address: string): string | null {
  // what isIP takes for IPv4 is written in the one way there is
  if (isIP(address) === 4) return address
  const parsed = bytes(address)
  return parsed && text(parsed)
}

/** The family that a canonical address or prefix is written in. */
export function family(canonicalText: string): 4 | 6 {
  return canonicalText.includes(':') ? 6 : 4
}
