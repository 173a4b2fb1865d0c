import { BoundedMap } from '../../bounded-map.js'
import { bytes } from '../../net/address.js'
import type { Networks } from '../../net/networks/networks.js'
import { copyOf } from '../../text/copy.js'
import { compileGlob, type FitsGlob } from '../../text/glob.js'
import { compileMatcher } from './matcher.js'
import { exactReadings, pathOf, readingsOf } from './path.js'
import type { Rule } from './rule.js'

/** One count of failures for each client, and when it makes a ban. */
export interface Limit {
  /** the name of its rules; undefined for the general limit */
  name: string | undefined
  /** so many points within `find` milliseconds make a ban */
  max: number
  find: number
  /** how many seconds a first ban lasts; undefined: as xff-ban says */
  lasts: number | undefined
  /** which share of the requests of a client has to fail; 0: any */
  share: number
}

/** What a request counts for, and how much. */
export interface Hit {
  limit: Limit
  points: number
}

/** What rules look at; much of it is read once it is asked for. */
export interface Seen {
  ip: string
  status: number | undefined
  method: () => string | undefined
  /** with its query or without, which no rule looks at */
  uri: () => string | undefined
  host: () => string | undefined
  agent: () => string | undefined
}

export interface Rules {
  limits: readonly Limit[]
  /** what a request counts for: named limits in the order of their first rules, then the general one */
  weigh: (seen: Seen) => readonly Hit[]
  /** whether a request with this status may count for anything */
  wanted: (status: number) => boolean
  /** the names of rules that count no status that is a failure */
  onSuccess: readonly string[]
}

export interface Options {
  /** the general limit; undefined: nothing counts but by rules */
  general: Limit | undefined
  /** what a rule does not say: `max`, `find` in milliseconds */
  max: number
  find: number
  /** which statuses are failures; a request without one always is */
  failing: (status: number) => boolean
  /** patterns of paths that do not count */
  except: readonly string[]
  /** the table of networks; may change while it runs */
  networks?: { readonly current: Networks } | undefined
}

const ALL_STATUSES = Array.from({ length: 900 }, (_, i) => 100 + i)
const NONE: readonly Hit[] = []
/** How many paths are remembered, and how long they are at most. */
const MAX_CACHED = 16_384
const MAX_CACHED_LENGTH = 256
/** How many combinations of rules that a path may fit are remembered, and how many answers of each. */
const MAX_PLACES = 1000
const MAX_WEIGHED = 32

/** A rule that is ready to be asked. */
interface Compiled {
  hit: Hit
  /** undefined: any path, also none */
  paths: readonly string[] | undefined
  fits: (seen: Seen) => boolean
  /** whether, the path aside, it looks at status and method alone */
  isByAnswer: boolean
}

/** What is known of paths that fit the same rules. */
interface Place {
  /** the rules that it does not rule out; `undefined`: it does not count */
  candidates: readonly Compiled[] | undefined
  /** whether all of these look at status and method alone, and what each such answer counts for */
  isByAnswer: boolean
  weighed: { status: number | undefined; method: string | undefined; hits: readonly Hit[] }[]
}

/**
 * Compiles rules, so that a request is looked at once for all of them.
 * @throws RangeError for rules of one name that differ in their limit
 */
export function compileRules(rules: readonly Rule[], options: Options): Rules {
  const { general, failing } = options
  const limits = limitsOf(rules, options)
  const needy = options.networks ? undefined : rules.find(({ network }) => network)
  if (needy)
    throw new RangeError(
      `network=AS${needy.network?.join(',AS')}: expected --networks FILE with it, got none`,
    )
  const networkOf = compileNetworkOf(options)
  // those of one limit together, and of the general one last
  const compiled = [...limits].flatMap(([name, limit]) =>
    rules.filter(rule => rule.name === name).map(rule => compile(rule, limit, options, networkOf)),
  )
  const placeOf = compilePlaces(compiled, options.except)
  const failed: readonly Hit[] = general ? [{ limit: general, points: 1 }] : NONE
  const isFailure = (status: number | undefined) => status === undefined || failing(status)
  const statuses = rules.map(({ status }) => status ?? failing)

  const weighAll = (candidates: readonly Compiled[], seen: Seen): readonly Hit[] => {
    const hits: Hit[] = []
    let last: Limit | undefined
    for (const { hit, fits } of candidates) {
      // of the rules of one limit, the first that fits says what it counts
      if (hit.limit === last || !fits(seen)) continue
      last = hit.limit
      hits.push(hit)
    }
    if (general && last !== general && isFailure(seen.status)) hits.push(...failed)
    return hits.filter(({ points }) => points > 0)
  }
  const weighByAnswer = ({ candidates = [], weighed }: Place, seen: Seen): readonly Hit[] => {
    const { status } = seen
    const method = seen.method()
    for (const one of weighed) if (one.status === status && one.method === method) return one.hits
    const hits = weighAll(candidates, seen)
    if (weighed.length < MAX_WEIGHED) weighed.push({ status, method, hits })
    return hits
  }

  return {
    limits: [...limits.values()],
    weigh(seen) {
      const place = placeOf(seen.uri())
      if (place.candidates === undefined) return NONE
      if (place.candidates.length === 0) return isFailure(seen.status) ? failed : NONE
      return place.isByAnswer ? weighByAnswer(place, seen) : weighAll(place.candidates, seen)
    },
    wanted: status => (general !== undefined && failing(status)) || statuses.some(wants => wants(status)),
    onSuccess: rules.flatMap(({ name = 'without a name', status }) =>
      status && !ALL_STATUSES.some(code => status(code) && failing(code)) ? [name] : [],
    ),
  }
}

/** The limit of each name, and the general one. */
function limitsOf(rules: readonly Rule[], { general, max, find }: Options): Map<string | undefined, Limit> {
  const limits = new Map<string | undefined, Limit>()
  for (const { name } of rules) {
    if (name === undefined || limits.has(name)) continue
    const own = rules.filter(rule => rule.name === name)
    limits.set(name, {
      name,
      max: onlyOne(own, 'max') ?? max,
      find: (onlyOne(own, 'find') ?? find / 1000) * 1000,
      lasts: onlyOne(own, 'time'),
      share: onlyOne(own, 'share') ?? 0,
    })
  }
  if (general) limits.set(undefined, general)
  return limits
}

/** What rules of one name say, those that say it. */
function onlyOne(rules: readonly Rule[], key: 'max' | 'find' | 'time' | 'share'): number | undefined {
  const [first, other] = new Set(rules.map(rule => rule[key]).filter(value => value !== undefined))
  if (other === undefined) return first
  throw new RangeError(
    `expected the same ${key}= in all rules called ${JSON.stringify(rules[0]?.name)}, got ${first} and ${other}`,
  )
}

/** The number of the network of an address, 0 where it is not known. */
type NetworkOf = (ip: string) => number

function compileNetworkOf({ networks }: Options): NetworkOf {
  const known = new BoundedMap<string, number>(MAX_CACHED)
  let table = networks?.current
  const make = (ip: string) => {
    const address = bytes(ip)
    return (address && table?.of(address)?.asn) ?? 0
  }
  return ip => {
    if (networks?.current !== table) known.clear()
    table = networks?.current
    return known.getOrMake(ip, make)
  }
}

function compile(rule: Rule, limit: Limit, { failing }: Options, networkOf: NetworkOf): Compiled {
  const { points = 1, status = failing, method, network } = rule
  const hosts = rule.host?.map(pattern => compileGlob(pattern.toLowerCase()))
  const agents = rule.agent?.map(pattern => compileGlob(pattern.toLowerCase()))
  const isListed = (globs: readonly FitsGlob[], text = '') => globs.some(fits => fits(text.toLowerCase()))
  return {
    hit: { limit, points },
    isByAnswer: !hosts && !agents && !network,
    paths: rule.path?.map(pattern => pattern.toLowerCase()),
    fits: seen =>
      (seen.status === undefined ? rule.status === undefined : status(seen.status)) &&
      // apps take `post` for POST
      (!method || method.includes((seen.method() ?? '').toUpperCase())) &&
      (!network || network.includes(networkOf(seen.ip))) &&
      (!hosts || isListed(hosts, seen.host())) &&
      (!agents || isListed(agents, seen.agent())),
  }
}

function compilePlaces(
  compiled: readonly Compiled[],
  except: readonly string[],
): (uri: string | undefined) => Place {
  const exceptions = except.map(compileGlob)
  const isExcepted = (path: string) =>
    exceptions.length > 0 && exactReadings(path).every(reading => exceptions.some(fits => fits(reading)))
  const excepted = newPlace(undefined)
  const ofAnyPath = newPlace(compiled.filter(({ paths }) => paths === undefined))
  // most paths fit the same few rules
  const byRules = new BoundedMap<string, Place>(MAX_PLACES)
  const known = new BoundedMap<string, Place>(MAX_CACHED)
  const fitting = compileMatcher(compiled.map(({ paths = ['*'] }) => paths))

  const find = (path: string): Place => {
    if (isExcepted(path)) return excepted
    const rules = fitting(readingsOf(path))
    return byRules.getOrMake(rules.join(), () => newPlace(compiled.filter((_, i) => rules.includes(i))))
  }
  return uri => {
    if (uri === undefined) return ofAnyPath
    const path = pathOf(uri)
    const entry = known.get(path)
    if (entry) return entry
    const place = find(path)
    if (path.length <= MAX_CACHED_LENGTH) known.set(copyOf(path), place)
    return place
  }
}

function newPlace(candidates: readonly Compiled[] | undefined): Place {
  const isByAnswer = candidates?.every(({ isByAnswer }) => isByAnswer) ?? true
  return { candidates, isByAnswer, weighed: [] }
}
