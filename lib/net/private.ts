import { family } from './address.js'
import { compileRanges, type InRanges } from './ranges.js'

/*
 * The special-purpose ranges of IANA (iana-ipv4-special-registry, iana-ipv6-special-registry), each in one of three
 * ways: private, no host at all, or like any other address. Like any other are those that are routed (AS112, 6to4,
 * Teredo, ORCHID, NAT64, the anycast addresses of DNS-SD and TURN), and those of documentation.
 */

/** The addresses of this machine itself. */
export const LOOPBACK_RANGES: readonly string[] = ['127.0.0.0/8', '::1']

/** The addresses that are routed within a site, or on one link. */
export const INTERNAL_RANGES: readonly string[] = [
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '169.254.0.0/16',
  // shared address space (RFC 6598): carrier-grade NAT, pods and load balancers of some clouds, Tailscale
  '100.64.0.0/10',
  // IETF protocol assignments, as DS-Lite's 192.0.0.0/29, and benchmarks between networks of one's own
  '192.0.0.0/24',
  '198.18.0.0/15',
  // reserved for future use, and used within some clouds
  '240.0.0.0/4',
  'fe80::/10',
  'fc00::/7',
  // site-local (deprecated), NAT64 within a site, benchmarks, identifiers of segment routing
  'fec0::/10',
  '64:ff9b:1::/48',
  '2001:2::/48',
  '5f00::/16',
]

/** Addresses that no host has: this network, multicast and broadcast, none, discarded. */
export const NO_HOST_RANGES: readonly string[] = [
  '0.0.0.0/8',
  '224.0.0.0/4',
  '255.255.255.255',
  '::',
  '100::/64',
  'ff00::/8',
]

/** Both: the addresses of trusted proxies, unless others are given. */
export const PRIVATE_RANGES: readonly string[] = [...LOOPBACK_RANGES, ...INTERNAL_RANGES]

/** Whether an address is one of PRIVATE_RANGES. */
export const isPrivate: InRanges = compiledWhenAsked(PRIVATE_RANGES)

/** Whether an address is one of LOOPBACK_RANGES. */
export const isLoopback: InRanges = compiledWhenAsked(LOOPBACK_RANGES)

/**
 * Compiled when first asked for: that takes a tenth of the start-up, most of it the ranges of IPv6, which are left
 * until the first address comes that has a colon.
 */
function compiledWhenAsked(ranges: readonly string[]): InRanges {
  const ofIPv4 = ranges.filter(range => family(range) === 4)
  let hasIPv4: InRanges | undefined
  let hasAny: InRanges | undefined
  return address => {
    // one with a colon may be a mapped address of IPv4
    if (family(address) === 6) {
      hasAny ??= compileRanges(ranges)
      return hasAny(address)
    }
    hasIPv4 ??= compileRanges(ofIPv4)
    return hasIPv4(address)
  }
}
