import { canonical } from '../net/address.js'
import { compileRanges, type InRanges } from '../net/ranges.js'

/** Who sent a request, as far as the address slot of the log can tell. */
export interface Client {
  /** canonical text, or null when it cannot be known */
  ip: string | null
  /** whether the slot held more than the one address */
  listed: boolean
}

/** Ours when nothing else is said: loopback, private, link-local and unique-local ranges. */
export const PRIVATE_RANGES: readonly string[] = [
  '127.0.0.0/8',
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '169.254.0.0/16',
  '::1',
  'fe80::/10',
  'fc00::/7',
]

/** How the hops that our own proxies wrote are told from those that a client may have written. */
export interface Trust {
  /** the hops that are ours */
  ranges: readonly string[]
  /** instead of the ranges: how many proxies append, so that the client is that many hops from the right */
  hops?: number | undefined
}

/** How many slots are remembered; then the cache starts anew. */
const CACHE = 4096
/** Slots longer than this are worked out each time, so that the cache stays small. */
const CACHED_LENGTH = 256

/** Compiles a trust into a function from the address slot, as logged, to the client. */
export function compileClient({ ranges, hops }: Trust): (slot: string) => Client {
  const find = hops === undefined ? nearestStranger(compileRanges(ranges)) : nthFromRight(hops)
  const cache = new Map<string, Client>()
  return slot => {
    const known = cache.get(slot)
    if (known) return known
    const client = { ip: find(slot), listed: slot.includes(',') }
    if (slot.length <= CACHED_LENGTH) {
      if (cache.size >= CACHE) cache.clear()
      // a slice of a line keeps its whole chunk of the log alive: keep a copy
      cache.set(Buffer.from(slot).toString(), client)
    }
    return client
  }
}

/** From the right, the first hop that is not ours; the leftmost when all are ours; null at a hop that is no address. */
function nearestStranger(ours: InRanges): (slot: string) => string | null {
  return slot => {
    let client: string | null = null
    for (let end = slot.length; end >= 0; ) {
      const comma = end === 0 ? -1 : slot.lastIndexOf(',', end - 1)
      client = hopAddress(slot.slice(comma + 1, end))
      if (client === null || !ours(client)) return client
      end = comma
    }
    return client
  }
}

function nthFromRight(n: number): (slot: string) => string | null {
  return slot => {
    let end = slot.length
    for (let left = n - 1; left > 0; left--) {
      end = end === 0 ? -1 : slot.lastIndexOf(',', end - 1)
      if (end < 0) return null
    }
    const comma = end === 0 ? -1 : slot.lastIndexOf(',', end - 1)
    return hopAddress(slot.slice(comma + 1, end))
  }
}

/**
 * One entry of the list as an address: bare, with a port (`1.2.3.4:5678`) or in brackets
 * (`[2001:db8::1]`, `[2001:db8::1]:443`), as RFC 7239 and common proxies write them.
 * `null` for all else: `unknown`, an obfuscated name, nothing; and for 0.0.0.0 and ::, which no client has
 * (uWSGI logs 0.0.0.0 where it had no room for the header).
 */
export function hopAddress(hop: string): string | null {
  const text = hop.replace(/^[ \t]+|[ \t]+$/g, '')
  const [, bracketed, plain] = /^(?:\[([^\]]*)\](?::\d{1,5})?|([\d.]+):\d{1,5})$/.exec(text) ?? []
  if (bracketed !== undefined && !bracketed.includes(':')) return null
  const address = canonical(bracketed ?? plain ?? text)
  return address === '0.0.0.0' || address === '::' ? null : address
}
