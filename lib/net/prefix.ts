import { type Bytes, bytes, text } from './address.js'

/** A range of addresses: those whose first `length` bits are those of `network`. */
export interface Prefix {
  network: Bytes
  length: number
}

/**
 * Reads `2001:db8::/32`, `10.0.0.0/8` or a lone address (its own /32 or /128); `null` for anything else.
 * Bits beyond the length are cleared, and `::ffff:10.0.0.0/104` is `10.0.0.0/8`.
 */
export function parsePrefix(cidr: string): Prefix | null {
  const [, address = '', digits] = /^([^/]*)(?:\/(0|[1-9]\d{0,2}))?$/.exec(cidr) ?? []
  const network = bytes(address)
  if (!network) return null
  const bits = network.length * 8
  // what was written as IPv6 and is IPv4 by now counts its length from the mapped prefix
  const mapped = bits === 32 && address.includes(':') ? 96 : 0
  const length = digits === undefined ? bits : Number(digits) - mapped
  if (length < 0 || length > bits) return null
  return { network: masked(network, length), length }
}

/** As `parsePrefix`. @throws RangeError that quotes a text which is none */
export function prefixOf(cidr: string): Prefix {
  const prefix = parsePrefix(cidr)
  if (!prefix) throw new RangeError(`expected an address or a range like 10.0.0.0/8, got "${cidr}"`)
  return prefix
}

/** The canonical text: the address alone when the prefix holds just one, else `network/length`. */
export function formatPrefix({ network, length }: Prefix): string {
  return length === network.length * 8 ? text(network) : `${text(network)}/${length}`
}

/** The prefix of `length` bits in which an address lies. */
export function masked(address: Bytes, length: number): Bytes {
  return address.map((byte, i) => byte & (0xff00 >> Math.min(8, Math.max(0, length - i * 8))) & 0xff)
}

/** Whether the prefix holds this address. */
export function contains({ network, length }: Prefix, address: Bytes): boolean {
  if (network.length !== address.length) return false
  for (let i = 0; i * 8 < length; i++) {
    const bits = 0xff00 >> Math.min(8, length - i * 8)
    if ((((network[i] ?? 0) ^ (address[i] ?? 0)) & bits & 0xff) !== 0) return false
  }
  return true
}

/** Whether two prefixes have an address in common: then one of them holds the other. */
export function overlap(a: Prefix, b: Prefix): boolean {
  return contains(a, b.network) || contains(b, a.network)
}
