import { networkInterfaces } from 'node:os'
import { overlap, type Prefix, parsePrefix } from '../../net/prefix.js'

/** Why an address or prefix is never banned; undefined when it may be. */
export type Exempt = (ip: string) => string | undefined

const LOOPBACK = ['127.0.0.0/8', '::1']
const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '169.254.0.0/16', 'fe80::/10', 'fc00::/7']

/** How long the addresses of this host are taken as read, in milliseconds. */
const OWN_FOR = 10_000

export interface Exemptions {
  /** ranges of the user's own, valid CIDR */
  ignore: readonly string[]
  /** whether private ranges may be banned */
  private: boolean
  /** the time of day, for re-reading this host's addresses now and then */
  now: () => number
}

/**
 * Nobody may be made to ban the host itself: loopback, its own addresses, the ignored ranges, and private
 * ranges unless asked for, are refused; and so is a prefix that holds any of them.
 */
export function createExempt({ ignore, private: allowPrivate, now }: Exemptions): Exempt {
  // nobody is asked about while a log is quiet, and to read a first address takes a tenth of the start-up
  const readFixed = () => [
    ...LOOPBACK.map(range => ({ prefix: prefixOf(range), why: 'loopback is never banned' })),
    ...ignore.map(range => ({ prefix: prefixOf(range), why: `--ignore ${range}` })),
    ...(allowPrivate ? [] : PRIVATE).map(range => ({
      prefix: prefixOf(range),
      why: `private range ${range} (--private allows it)`,
    })),
  ]
  let fixed: ReturnType<typeof readFixed> | undefined
  let own: Prefix[] = []
  let readAt = Number.NEGATIVE_INFINITY

  return ip => {
    if (now() - readAt >= OWN_FOR) {
      own = ownAddresses()
      readAt = now()
    }
    const target = prefixOf(ip)
    fixed ??= readFixed()
    const known = fixed.find(({ prefix }) => overlap(prefix, target))
    if (known) return known.why
    return own.some(address => overlap(address, target)) ? 'an address of this host' : undefined
  }
}

function ownAddresses(): Prefix[] {
  return Object.values(networkInterfaces()).flatMap(addresses =>
    (addresses ?? []).map(({ address }) => prefixOf(address)),
  )
}

/** A text that is known to be an address or prefix. */
function prefixOf(text: string): Prefix {
  return parsePrefix(text) as Prefix
}
