import { BoundedMap } from '../bounded-map.js'
import { bytes, canonical } from '../net/address.js'
import { formatPrefix, masked } from '../net/prefix.js'

/** How many addresses are remembered. */
const MAX_CACHED = 4096

/**
 * Compiles the key under which the failures of an address are counted, and by which it is banned: the address in
 * canonical text, or for IPv6 the prefix of `ipv6Prefix` bits in which it lies, since who has one address there
 * mostly has them all.
 */
export function compileKey(ipv6Prefix: number): (ip: string) => string {
  const keys = new BoundedMap<string, string>(MAX_CACHED)
  const make = (ip: string) => keyOf(ip, ipv6Prefix)
  // four dotted numbers are canonical by their grammar
  return ip => (ip.includes(':') ? keys.getOrMake(ip, make) : ip)
}

function keyOf(ip: string, ipv6Prefix: number): string {
  const address = bytes(ip)
  if (address?.length !== 16 || ipv6Prefix === 128) return canonical(ip) ?? ip
  return formatPrefix({ network: masked(address, ipv6Prefix), length: ipv6Prefix })
}
