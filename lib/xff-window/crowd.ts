import { BoundedMap } from '../bounded-map.js'
import { formatPrefix, masked, type Prefix, parsePrefix } from '../net/prefix.js'
import { createShares } from './share.js'

/** So many addresses of one prefix of `length` bits are a crowd. */
export interface Crowd {
  family: 4 | 6
  length: number
  addresses: number
}

/** The ban of a prefix. */
export interface CrowdBan {
  prefix: string
  /** when the first of its addresses failed so, in milliseconds since 1970 */
  since: number
  /** in seconds */
  lasts: number
  reason: string
}

export interface Options {
  crowds: readonly Crowd[]
  /** within how many milliseconds the addresses fail */
  find: number
  /** why a prefix is not banned, in words; undefined: it may be */
  spared: (prefix: Prefix) => string | undefined
  warn: (message: string) => void
}

/** Addresses of one prefix that fail together. */
export interface Crowds {
  /** Tells of each request: clients who mostly succeed are no crowd. */
  saw: (key: string, time: number, isFailure: boolean) => void
  /** Tells of an address that is banned, or has half of what makes a ban. @returns the ban of its prefix, if that is one now */
  joined: (key: string, time: number) => CrowdBan | undefined
}

/** How many prefixes are remembered, and how many keys. */
const MAX_PREFIXES = 10_000
const MAX_KEYS = 65_536
/** Which share of the requests of a crowd fails, at the least. */
const LEAST_SHARE = 0.5
/** How long a first ban lasts, and how long one may last; each is twice as long as the one before. In seconds. */
const FIRST_LASTS = 600
const MAX_LASTS = 86_400
/** How many prefixes are named that are spared. */
const MAX_WARNINGS = 10

interface Known {
  /** when each address failed last */
  members: Map<string, number>
  bannedUntil: number
  lasts: number
}

/** By event time alone; a prefix is not banned again while its ban lasts. */
export function createCrowds({ crowds, find, spared, warn }: Options): Crowds {
  const known = new BoundedMap<string, Known>(MAX_PREFIXES)
  const shares = createShares(find, MAX_PREFIXES)
  const prefixes = new BoundedMap<string, readonly [string, Crowd][]>(MAX_KEYS)
  const told = new Set<string>()

  const prefixesOf = (key: string): readonly [string, Crowd][] => {
    const own = parsePrefix(key)
    if (!own) return []
    return crowds
      .filter(({ family, length }) => own.network.length === (family === 4 ? 4 : 16) && length < own.length)
      .map(crowd => [
        formatPrefix({ network: masked(own.network, crowd.length), length: crowd.length }),
        crowd,
      ])
  }
  const isSpared = (prefix: string): boolean => {
    const parsed = parsePrefix(prefix)
    const reason = parsed ? spared(parsed) : undefined
    if (reason === undefined) return false
    if (!told.has(prefix) && told.size < MAX_WARNINGS)
      warn(`${prefix} fails as a crowd, and is not banned: ${reason}`)
    if (told.size < MAX_WARNINGS) told.add(prefix)
    return true
  }
  const join = (prefix: string, { addresses }: Crowd, key: string, time: number): CrowdBan | undefined => {
    const of = known.getOrMake(prefix, () => ({ members: new Map(), bannedUntil: -Infinity, lasts: 0 }))
    of.members.delete(key)
    of.members.set(key, time)
    const oldest = of.members.keys().next().value
    if (of.members.size > 2 * addresses && oldest !== undefined) of.members.delete(oldest)
    const since = firstOf(of.members, time, find, addresses)
    if (since === undefined || time < of.bannedUntil) return undefined
    if (shares.failedOf(prefix) < LEAST_SHARE || isSpared(prefix)) return undefined
    // who comes back within a day of the end is banned for longer
    const isBack = time < of.bannedUntil + MAX_LASTS * 1000
    of.lasts = isBack ? Math.min(MAX_LASTS, 2 * of.lasts) : FIRST_LASTS
    of.bannedUntil = time + of.lasts * 1000
    of.members.clear()
    return { prefix, since, lasts: of.lasts, reason: `${addresses} addresses failed within ${find / 1000} s` }
  }

  return {
    saw(key, time, isFailure) {
      for (const [prefix] of prefixes.getOrMake(key, prefixesOf)) shares.saw(prefix, time, isFailure)
    },
    joined(key, time) {
      let widest: CrowdBan | undefined
      for (const [prefix, crowd] of prefixes.getOrMake(key, prefixesOf)) {
        widest = join(prefix, crowd, key, time) ?? widest
      }
      return widest
    },
  }
}

/** The first of so many times within `find` milliseconds, this one among them. */
function firstOf(
  members: ReadonlyMap<string, number>,
  time: number,
  find: number,
  count: number,
): number | undefined {
  if (members.size < count) return undefined
  const times = [...members.values()].sort((a, b) => a - b)
  return times.find((first, i) => {
    const last = times[i + count - 1] ?? Number.POSITIVE_INFINITY
    return first <= time && time <= last && last - first <= find
  })
}
