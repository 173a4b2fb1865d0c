import { BoundedMap } from '../bounded-map.js'
import { canonical } from '../net/address.js'
import { isPrivate, PRIVATE_RANGES } from '../net/private.js'
import { compileRanges, type InRanges } from '../net/ranges.js'
import { copyOf } from '../text/copy.js'

/** Who sent a request, as far as the address slot of the log can tell. */
export interface Client {
  /** canonical text, or null when it cannot be known */
  ip: string | null
  /** whether the slot held more than the one address */
  isListed: boolean
  /** whether the address is of a private range, and so hardly that of a client */
  isPrivate: boolean
  /** which hop it is, from the right: 0 is the last one */
  hop: number
  /** whether the slot begins with that hop */
  isLeftmost: boolean
}

/** How the hops that our own proxies wrote are told from those that a client may have written. */
export interface Trust {
  /** the hops that are ours */
  ranges: readonly string[]
  /** instead of the ranges: how many proxies append, so that the client is that many hops from the right */
  hops?: number | undefined
}

/** How many slots are remembered. */
const MAX_CACHED = 32_768
/** Slots longer than this are worked out each time, so that the cache stays small. */
const MAX_CACHED_LENGTH = 256

/** What was made of one hop on the way to the client. */
export type Verdict = 'ours' | 'no address' | 'passed over' | 'the client'

/** Is told of the hops as they are looked at, from the right. */
export type Visit = (hop: string, verdict: Verdict) => void

/** Finds the client in an address slot, as logged; `trust` says by what. */
export type FindClient = ((slot: string, visit?: Visit) => Client) & { readonly trust?: Trust }

/** Compiles a trust into a function that finds the client. */
export function compileClient({ ranges, hops }: Trust): FindClient {
  const find = hops === undefined ? nearestStranger(ranges) : nthFromRight(hops)
  const findClient = (slot: string, visit?: Visit): Client => {
    const { ip, hop, isLeftmost } = find(slot, visit ?? ignore)
    // each by its name: to spread takes longer than to find
    return { ip, isListed: slot.includes(','), isPrivate: ip !== null && isPrivate(ip), hop, isLeftmost }
  }
  return Object.assign(findClient, { trust: { ranges, hops } })
}

/** The same, but what was found is remembered. */
export function rememberClients(find: FindClient): FindClient {
  const cache = new BoundedMap<string, Client>(MAX_CACHED)
  return (slot, visit) => {
    if (visit !== undefined || slot.length > MAX_CACHED_LENGTH) return find(slot, visit)
    const known = cache.get(slot)
    if (known) return known
    const own = copyOf(slot)
    const client = find(own)
    cache.set(own, client)
    return client
  }
}

function ignore(): void {}

/** The hop that decides, and where in the slot it stands. */
type Find = (slot: string, visit: Visit) => Pick<Client, 'ip' | 'hop' | 'isLeftmost'>

/**
 * From the right, the first hop that is not ours; null at a hop that is no address. Where all are ours it is the
 * leftmost, as in an intranet; but a proxy that somebody named as his is nobody's client.
 */
function nearestStranger(ranges: readonly string[]): Find {
  const isNamed = ranges !== PRIVATE_RANGES
  const ours: InRanges = isNamed ? compileRanges(ranges) : isPrivate
  return (slot, visit) => {
    let end = slot.length
    for (let hop = 0; ; hop++) {
      const start = slot.lastIndexOf(',', end - 1) + 1
      const text = end === 0 ? '' : slot.slice(start, end)
      const address = hopAddress(text)
      const isLeftmost = start === 0 || end === 0
      if (address === null) {
        visit(text, 'no address')
        return { ip: null, hop, isLeftmost }
      }
      const isOurs = ours(address)
      if (!isOurs || (isLeftmost && !isNamed)) {
        visit(text, 'the client')
        return { ip: address, hop, isLeftmost }
      }
      visit(text, 'ours')
      if (isLeftmost) return { ip: null, hop, isLeftmost }
      end = start - 1
    }
  }
}

/** The nth hop from the right; null where there are fewer, or where it or one to its right is no address. */
function nthFromRight(n: number): Find {
  return (slot, visit) => {
    const all = slot.split(',')
    for (const [hop, text] of all.slice(-n).reverse().entries()) {
      const address = hopAddress(text)
      const verdict = address === null ? 'no address' : hop === n - 1 ? 'the client' : 'passed over'
      visit(text, verdict)
      if (verdict !== 'passed over') return { ip: address, hop, isLeftmost: hop === all.length - 1 }
    }
    return { ip: null, hop: all.length - 1, isLeftmost: true }
  }
}

/**
 * One entry of the list as an address: bare, with a port (`1.2.3.4:5678`) or in brackets
 * (`[2001:db8::1]`, `[2001:db8::1]:443`), as RFC 7239 and common proxies write them.
 * `null` for all else: `unknown`, an obfuscated name, nothing; and for 0.0.0.0 and ::, which no client has
 * (uWSGI logs 0.0.0.0 where it had no room for the header).
 */
export function hopAddress(hop: string): string | null {
  const text = withoutBlanks(hop)
  const [, bracketed, plain] = /^(?:\[([^\]]*)\](?::\d{1,5})?|([\d.]+):\d{1,5})$/.exec(text) ?? []
  if (bracketed !== undefined && !bracketed.includes(':')) return null
  const address = canonical(bracketed ?? plain ?? text)
  return address === '0.0.0.0' || address === '::' ? null : address
}

/** Without spaces and tabs at both ends. A pattern would look at each blank within a hostile hop again and again. */
function withoutBlanks(hop: string): string {
  let start = 0
  let end = hop.length
  while (start < end && isBlank(hop[start])) start++
  while (end > start && isBlank(hop[end - 1])) end--
  return hop.slice(start, end)
}

function isBlank(character: string | undefined): boolean {
  return character === ' ' || character === '\t'
}
