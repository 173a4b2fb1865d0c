import { BoundedMap } from '../bounded-map.js'
import { bytes, canonical } from '../net/address.js'
import { formatPrefix, masked } from '../net/prefix.js'

/** How many addresses are remembered. */
const MAX_CACHED = 4096

/**
 * Compiles the key under which the failures of an address are counted, and by which it is banned: the address in
 * canonical text, or the prefix of so many bits in which it lies: for IPv6 since who has one address there mostly has
 * them all.
 */
export function compileKey(ipv6Prefix: number, ipv4Prefix = 32): (ip: string) => string {
  const keys = new BoundedMap<string, string>(MAX_CACHED)
  const make = (ip: string) => keyOf(ip, ipv6Prefix, ipv4Prefix)
  // four dotted numbers are canonical by their grammar
  return ip => (ip.includes(':') || ipv4Prefix < 32 ? keys.getOrMake(ip, make) : ip)
}

function keyOf(ip: string, ipv6Prefix: number, ipv4Prefix: number): string {
  const address = bytes(ip)
  if (!address) return ip
  const length = address.length === 4 ? ipv4Prefix : ipv6Prefix
  if (length === address.length * 8) return canonical(ip) ?? ip
  return formatPrefix({ network: masked(address, length), length })
}
