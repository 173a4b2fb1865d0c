import { BoundedMap } from '../../bounded-map.js'
import { edgeRanges } from '../../net/known-edge.js'
import { EDGES } from '../../net/named-ranges.js'
import { ownAddresses } from '../../net/own-addresses.js'
import { contains, formatPrefix, overlap, type Prefix, parsePrefix } from '../../net/prefix.js'
import { INTERNAL_RANGES, LOOPBACK_RANGES, NO_HOST_RANGES } from '../../net/private.js'
import { type Entry, indexRanges } from '../../net/range-index.js'
import { tooWide, type Widest } from './width.js'

/** Who is never banned. */
export interface Exempt {
  /** Why an address or prefix is never banned; undefined when it may be. */
  reason: (ip: string) => string | undefined
  /** What a ban of a prefix must leave out, where that can be done; elsewhere the prefix is not to be banned. */
  inside: (ip: string) => Hole[]
}

/** A range inside a banned prefix that is not banned. */
export interface Hole {
  /** canonical */
  range: string
  reason: string
}

/** How long the addresses of this host are taken as read. */
const REREAD_MS = 10_000
/** How many addresses and prefixes are remembered. */
const MAX_KNOWN = 16_384

export interface ExemptOptions {
  /** ranges of the user's own, valid CIDR */
  ignore: readonly string[]
  /** the trusted proxies, valid CIDR: to ban one would be to ban every client behind it */
  trust: readonly string[]
  /** whether the edges of CDNs and load balancers may be banned */
  edges: boolean
  /** whether private ranges may be banned */
  private: boolean
  /** how wide a prefix may be */
  widest: Widest
  /** the time of day, for re-reading this host's addresses now and then */
  now: () => number
}

/**
 * Nobody may be made to ban the host itself: loopback, its own addresses, what no host has, the ignored ranges,
 * trusted proxies, and known edges and private ranges unless asked for, are refused. A prefix that holds any of them is
 * refused, too, or leaves them out: that is for ignored ranges, trusted proxies and edges alone.
 */
export function createExempt(options: ExemptOptions): Exempt {
  const { widest, now } = options
  // nobody is asked about while a log is quiet, and to read a first address takes a tenth of the start-up
  let compiled: ReturnType<typeof compile> | undefined
  const ranges = () => {
    compiled ??= compile(options)
    return compiled
  }
  // who goes on failing is asked about again and again
  const known = new BoundedMap<string, { target: Prefix | null; reason: string | undefined }>(MAX_KNOWN)
  const standing = (ip: string) => {
    const target = parsePrefix(ip)
    return { target, reason: target ? reasonOf(target) : 'not an address' }
  }
  /** Why it is never banned, whatever the addresses of this host are. */
  const reasonOf = (target: Prefix): string | undefined => {
    const { fixed, spared } = ranges()
    return (
      tooWide(target, widest) ??
      (spared.holding(target) ?? fixed.holding(target) ?? fixed.inside(target)[0])?.value
    )
  }
  let own: Prefix[] = []
  let readAt = Number.NEGATIVE_INFINITY

  return {
    reason(ip) {
      if (now() - readAt >= REREAD_MS) {
        own = ownAddresses().flatMap(address => parsePrefix(address) ?? [])
        readAt = now()
      }
      const { target, reason } = known.getOrMake(ip, standing)
      if (!target || reason !== undefined) return reason
      return own.some(address => overlap(address, target)) ? 'an address of this host' : undefined
    },

    inside(ip) {
      const target = ip.includes('/') ? parsePrefix(ip) : null
      if (!target) return []
      const found = ranges().spared.inside(target)
      // of ranges in one another the widest is enough
      const widestOf = found.filter(
        ({ prefix }, i) =>
          !found.some(
            (other, j) => isWithin(prefix, other.prefix) && (j < i || !isWithin(other.prefix, prefix)),
          ),
      )
      return widestOf.map(({ prefix, value }) => ({ range: formatPrefix(prefix), reason: value }))
    },
  }
}

/** Why an address of an edge is not banned. */
function edgeReason(name: string): string {
  return (
    `an edge of ${name}, by which many clients come: uwsgi-parse --trust ${name} --trust private finds them, ` +
    'and so does xff-ban with the same options (--edges allows bans of edges)'
  )
}

/** The reasons of all edges: to hear each once is enough, since an edge that is taken for a client fails all the time. */
export const EDGE_REASONS: ReadonlySet<string> = new Set(Object.keys(EDGES).map(edgeReason))

/** Ranges that a banned prefix may not hold, and those that it may leave out. */
function compile({ ignore, trust, edges: allowEdges, private: allowPrivate }: ExemptOptions) {
  return {
    fixed: indexRanges(
      entriesOf([
        ...LOOPBACK_RANGES.map(range => ({ range, reason: 'loopback is never banned' })),
        ...NO_HOST_RANGES.map(range => ({ range, reason: 'no host has such an address' })),
        ...(allowPrivate ? [] : INTERNAL_RANGES).map(range => ({
          range,
          reason: `private range ${range} (--private allows it)`,
        })),
      ]),
    ),
    spared: indexRanges([
      ...entriesOf([
        ...ignore.map(range => ({ range, reason: `--ignore ${range}` })),
        ...trust.map(range => ({ range, reason: `a trusted proxy: --trust ${range}` })),
      ]),
      ...(allowEdges ? [] : edgeRanges()).map(({ prefix, value }) => ({ prefix, value: edgeReason(value) })),
    ]),
  }
}

/** Whether a prefix lies in another, or is the same. */
function isWithin(inner: Prefix, outer: Prefix): boolean {
  return inner.length >= outer.length && contains(outer, inner.network)
}

function entriesOf(ranges: readonly Hole[]): Entry<string>[] {
  return ranges.flatMap(({ range, reason }) => {
    const prefix = parsePrefix(range)
    return prefix ? [{ prefix, value: reason }] : []
  })
}
