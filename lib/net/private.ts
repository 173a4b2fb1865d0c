import { compileRanges, type InRanges } from './ranges.js'

/** The addresses of this machine itself. */
export const LOOPBACK_RANGES: readonly string[] = ['127.0.0.0/8', '::1']

/** The addresses of private networks (RFC 1918, RFC 4193), and those of one link. */
export const INTERNAL_RANGES: readonly string[] = [
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '169.254.0.0/16',
  'fe80::/10',
  'fc00::/7',
]

/** Both: the addresses of trusted proxies, unless others are given. */
export const PRIVATE_RANGES: readonly string[] = [...LOOPBACK_RANGES, ...INTERNAL_RANGES]

/** Whether an address is one of PRIVATE_RANGES. */
export const isPrivate: InRanges = compiledWhenAsked(PRIVATE_RANGES)

/** Whether an address is one of LOOPBACK_RANGES. */
export const isLoopback: InRanges = compiledWhenAsked(LOOPBACK_RANGES)

/** To compile ranges takes a tenth of the start-up. */
function compiledWhenAsked(ranges: readonly string[]): InRanges {
  let compiled: InRanges | undefined
  return address => {
    compiled ??= compileRanges(ranges)
    return compiled(address)
  }
}
