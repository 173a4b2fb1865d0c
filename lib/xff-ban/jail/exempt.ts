import { networkInterfaces } from 'node:os'
import { overlap, type Prefix, parsePrefix } from '../../net/prefix.js'
import { INTERNAL_RANGES, LOOPBACK_RANGES, NO_HOST_RANGES } from '../../net/private.js'

/** Why an address or prefix is never banned; undefined when it may be. */
export type Exempt = (ip: string) => string | undefined

/** How long the addresses of this host are taken as read. */
const REREAD_MS = 10_000

export interface ExemptOptions {
  /** ranges of the user's own, valid CIDR */
  ignore: readonly string[]
  /** the trusted proxies, valid CIDR: to ban one would be to ban every client behind it */
  trust: readonly string[]
  /** whether private ranges may be banned */
  private: boolean
  /** the time of day, for re-reading this host's addresses now and then */
  now: () => number
}

/**
 * Nobody may be made to ban the host itself: loopback, its own addresses, what no host has, the ignored ranges,
 * trusted proxies, and private ranges unless asked for, are refused; and so is a prefix that holds any of them.
 */
export function createExempt({ ignore, trust, private: allowPrivate, now }: ExemptOptions): Exempt {
  const privateRanges = allowPrivate ? [] : INTERNAL_RANGES
  // nobody is asked about while a log is quiet, and to read a first address takes a tenth of the start-up
  const readFixed = () =>
    [
      ...LOOPBACK_RANGES.map(range => ({ range, reason: 'loopback is never banned' })),
      ...NO_HOST_RANGES.map(range => ({ range, reason: 'no host has such an address' })),
      ...ignore.map(range => ({ range, reason: `--ignore ${range}` })),
      ...trust.map(range => ({ range, reason: `a trusted proxy: --trust ${range}` })),
      ...privateRanges.map(range => ({ range, reason: `private range ${range} (--private allows it)` })),
    ].flatMap(({ range, reason }) => prefixesOf(range).map(prefix => ({ prefix, reason })))
  let fixed: ReturnType<typeof readFixed> | undefined
  let own: Prefix[] = []
  let readAt = Number.NEGATIVE_INFINITY

  return ip => {
    if (now() - readAt >= REREAD_MS) {
      own = ownAddresses()
      readAt = now()
    }
    const [target] = prefixesOf(ip)
    if (!target) return 'not an address'
    fixed ??= readFixed()
    const known = fixed.find(({ prefix }) => overlap(prefix, target))
    if (known) return known.reason
    return own.some(address => overlap(address, target)) ? 'an address of this host' : undefined
  }
}

function ownAddresses(): Prefix[] {
  return Object.values(networkInterfaces()).flatMap(addresses =>
    (addresses ?? []).flatMap(({ address }) => prefixesOf(address)),
  )
}

/** A text as a prefix; none where it is no address. */
function prefixesOf(text: string): Prefix[] {
  const prefix = parsePrefix(text)
  return prefix ? [prefix] : []
}
