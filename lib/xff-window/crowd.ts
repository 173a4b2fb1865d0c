import { BoundedMap } from '../bounded-map.js'
import { type Networks, networkText } from '../net/networks/networks.js'
import { formatPrefix, masked, type Prefix, parsePrefix } from '../net/prefix.js'
import { createShares } from './share.js'

/** So many addresses of one prefix of a length, or of one network of a table, are a crowd. */
export interface Crowd {
  of: { family: 4 | 6; length: number } | 'network'
  addresses: number
}

/** The ban of a prefix. */
export interface CrowdBan {
  prefix: string
  /** when the first of the addresses failed so, in milliseconds since 1970 */
  since: number
  /** in seconds */
  lasts: number
  reason: string
}

export interface Options {
  crowds: readonly Crowd[]
  /** the table of networks; may change while it runs */
  networks?: { readonly current: Networks } | undefined
  /** within how many milliseconds the addresses fail */
  find: number
  /** why a prefix is not banned, in words; undefined: it may be */
  spared: (prefix: Prefix) => string | undefined
  warn: (message: string) => void
}

/** Addresses of one prefix or network that fail together. */
export interface Crowds {
  /** Tells of each request: clients who mostly succeed are no crowd. */
  saw: (key: string, time: number, isFailure: boolean) => void
  /** Tells of an address that is banned, or has half of what makes a ban. @returns the bans of its crowds that fall now */
  joined: (key: string, time: number) => readonly CrowdBan[]
}

/** How many prefixes and networks are remembered, and how many keys. */
const MAX_GROUPS = 10_000
const MAX_KEYS = 65_536
/** Which share of the requests of a crowd fails, at the least. */
const LEAST_SHARE = 0.5
/** How long a first ban lasts, and how long one may last; each is twice as long as the one before. In seconds. */
const FIRST_LASTS = 600
const MAX_LASTS = 86_400
/** How many prefixes are named that are spared. */
const MAX_WARNINGS = 10
/** How many prefixes of a network are banned at once, and how many of those that are banned are remembered. */
const MAX_BANS = 100
const MAX_BANNED = 1000
/** No prefix of a network is wider, in bits: as the `--widest` of xff-ban is, if it is not given. */
const WIDEST = { 4: 16, 6: 32 }

/** To what crowd a key belongs, and which prefix is banned for it. */
interface Place {
  crowd: Crowd
  /** `203.0.113.0/24`, or `AS64500 (EXAMPLE)` */
  group: string
  prefix: string
}

interface Member {
  /** when it failed last */
  time: number
  prefix: string
}

interface Known {
  members: Map<string, Member>
  /** until when its prefixes are banned */
  banned: BoundedMap<string, number>
  bannedUntil: number
  lasts: number
}

/** By event time alone; a prefix is not banned again while its ban lasts. */
export function createCrowds(options: Options): Crowds {
  const { find, networks } = options
  const known = new BoundedMap<string, Known>(MAX_GROUPS)
  const shares = createShares(find, MAX_GROUPS)
  const mayBan = compileMayBan(options, prefix => shares.failedOf(prefix))
  const places = new BoundedMap<string, readonly Place[]>(MAX_KEYS)
  let table = networks?.current

  const placesOf = (key: string) => {
    if (networks && networks.current !== table) {
      table = networks.current
      places.clear()
    }
    return places.getOrMake(key, key => findPlaces(key, options))
  }
  const join = ({ group, prefix, crowd }: Place, key: string, time: number): readonly CrowdBan[] => {
    const of = known.getOrMake(group, newlyKnown)
    if (time < (of.banned.get(prefix) ?? time)) return []
    remember(of.members, key, { time, prefix }, crowd.addresses)
    if (of.members.size < crowd.addresses) return []
    const fit = new Map([...of.members].filter(([, member]) => mayBan(member.prefix)))
    const since = firstOf([...fit.values()], time, find, crowd.addresses)
    if (since === undefined) return []
    beginBan(of, time)
    const prefixes = mostOf([...fit.values()].filter(member => member.time >= since))
    for (const one of prefixes) of.banned.set(one, of.bannedUntil)
    of.members.clear()
    const whose = group === prefix ? '' : ` of ${group}`
    const reason = `${crowd.addresses} addresses${whose} failed within ${find / 1000} s`
    return prefixes.map(prefix => ({ prefix, since, lasts: of.lasts, reason }))
  }

  return {
    saw(key, time, isFailure) {
      for (const { prefix } of placesOf(key)) shares.saw(prefix, time, isFailure)
    },
    joined(key, time) {
      // of several crowds the last one stands, as it is the one to be banned for
      let last: readonly CrowdBan[] = []
      for (const place of placesOf(key)) {
        const bans = join(place, key, time)
        if (bans.length > 0) last = bans
      }
      return last
    },
  }
}

/** The crowds to which a key belongs. */
function findPlaces(key: string, { crowds, networks }: Options): Place[] {
  const own = parsePrefix(key)
  if (!own) return []
  const family = own.network.length === 4 ? 4 : 6
  return crowds.flatMap((crowd): Place[] => {
    if (crowd.of === 'network') {
      const around = networks?.current.around(own.network, WIDEST[family])
      if (!around) return []
      return [{ crowd, group: networkText(around.network), prefix: formatPrefix(around.prefix) }]
    }
    const { length } = crowd.of
    if (crowd.of.family !== family || length >= own.length) return []
    const prefix = formatPrefix({ network: masked(own.network, length), length })
    return [{ crowd, group: prefix, prefix }]
  })
}

/** Whether a prefix may be banned: most of its requests fail, and nobody is in it who is spared, which is said. */
function compileMayBan({ spared, warn }: Options, failedOf: (prefix: string) => number) {
  const told = new Set<string>()
  return (prefix: string): boolean => {
    if (failedOf(prefix) < LEAST_SHARE) return false
    const parsed = parsePrefix(prefix)
    const reason = parsed ? spared(parsed) : undefined
    if (reason === undefined) return true
    if (!told.has(prefix) && told.size < MAX_WARNINGS)
      warn(`${prefix} fails as a crowd, and is not banned: ${reason}`)
    if (told.size < MAX_WARNINGS) told.add(prefix)
    return false
  }
}

function newlyKnown(): Known {
  return {
    members: new Map(),
    banned: new BoundedMap(MAX_BANNED),
    bannedUntil: Number.NEGATIVE_INFINITY,
    lasts: 0,
  }
}

/** Keeps twice as many as make a crowd: those that failed last. */
function remember(members: Map<string, Member>, key: string, member: Member, addresses: number): void {
  members.delete(key)
  members.set(key, member)
  const oldest = members.keys().next().value
  if (members.size > 2 * addresses && oldest !== undefined) members.delete(oldest)
}

/** Who comes back within a day of the end is banned for longer. */
function beginBan(of: Known, time: number): void {
  // other prefixes of a network may follow while the ban lasts
  const isGoingOn = time < of.bannedUntil
  const isBack = time < of.bannedUntil + MAX_LASTS * 1000
  if (!isGoingOn) of.lasts = isBack ? Math.min(MAX_LASTS, 2 * of.lasts) : FIRST_LASTS
  of.bannedUntil = time + of.lasts * 1000
}

/** The prefixes of most of the members, at most MAX_BANS. */
function mostOf(members: readonly Member[]): string[] {
  const counts = new Map<string, number>()
  for (const { prefix } of members) counts.set(prefix, (counts.get(prefix) ?? 0) + 1)
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .slice(0, MAX_BANS)
    .map(([prefix]) => prefix)
}

/** The first of so many times within `find` milliseconds, this one among them. */
function firstOf(members: readonly Member[], time: number, find: number, count: number): number | undefined {
  if (members.length < count) return undefined
  const times = members.map(member => member.time).sort((a, b) => a - b)
  return times.find((first, i) => {
    const last = times[i + count - 1] ?? Number.POSITIVE_INFINITY
    return first <= time && time <= last && last - first <= find
  })
}
