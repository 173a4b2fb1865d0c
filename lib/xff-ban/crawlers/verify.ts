import { Resolver } from 'node:dns/promises'
import { codeOf } from '../../exit.js'
import { bytes, canonical, family } from '../../net/address.js'
import { operatorOf } from './table.js'

/** What is asked of the domain name system. */
export interface Lookup {
  /** the names of an address, as whoever has the address says */
  reverse: (ip: string) => Promise<string[]>
  /** the addresses of a name, as its owner says */
  forward: (name: string, family: 4 | 6) => Promise<string[]>
}

/** A crawler, and the name that its operator has given the address. */
export interface Crawler {
  ip: string
  name: string
  operator: string
}

export interface Verified {
  crawlers: Crawler[]
  /** how many addresses could not be looked up, or not in time */
  unanswered: number
}

/** How many answers are looked at, of each lookup. */
const MAX_NAMES = 5
const MAX_ADDRESSES = 100
const CONCURRENT = 16
/** For one question, in milliseconds, and how often it is asked; and for all of them. */
const QUESTION_MS = 2_000
const TRIES = 2
const ALL_MS = 60_000

/** The answers that there is nothing, which are answers. */
const NOTHING = ['ENOTFOUND', 'ENODATA']

/** Asks the name servers of this machine. */
export function systemLookup(): Lookup {
  const resolver = new Resolver({ timeout: QUESTION_MS, tries: TRIES })
  return {
    // reverse() takes an answer that does not come for one that there is nothing
    reverse: ip => resolver.resolvePtr(reverseName(ip)),
    forward: (name, family) => (family === 4 ? resolver.resolve4(name) : resolver.resolve6(name)),
  }
}

/** The name under which the names of an address are kept (RFC 1035, 3.5; RFC 3596, 2.5). */
export function reverseName(ip: string): string {
  const all = bytes(ip) ?? []
  if (family(ip) === 4) return `${all.toReversed().join('.')}.in-addr.arpa`
  const digits = all.flatMap(byte => [byte >> 4, byte & 15].map(digit => digit.toString(16)))
  return `${digits.toReversed().join('.')}.ip6.arpa`
}

/**
 * Which of these addresses are crawlers: the name of the address has to be that of a crawler's host, and the owner of the
 * name has to say that the address is its own. Anybody can give an address any name; nobody else can do the second.
 * @param ips canonical, without repeats
 * @param monotonic milliseconds, for durations
 */
export async function verifyCrawlers(
  ips: readonly string[],
  { reverse, forward }: Lookup,
  monotonic: () => number,
): Promise<Verified> {
  const verified: Verified = { crawlers: [], unanswered: 0 }
  const end = monotonic() + ALL_MS
  const remaining = ips.values()

  const verify = async (ip: string): Promise<Crawler | undefined> => {
    const names = await reverse(ip)
    for (const name of names.slice(0, MAX_NAMES)) {
      const operator = operatorOf(name)
      if (operator === undefined) continue
      const addresses = await forward(name, family(ip))
      if (addresses.slice(0, MAX_ADDRESSES).some(address => canonical(address) === ip))
        return { ip, name: name.toLowerCase().replace(/\.$/, ''), operator }
    }
    return undefined
  }
  const work = async () => {
    for (const ip of remaining) {
      if (monotonic() > end) {
        verified.unanswered += 1
        continue
      }
      try {
        const crawler = await verify(ip)
        if (crawler) verified.crawlers.push(crawler)
      } catch (error) {
        if (!NOTHING.includes(codeOf(error) ?? '')) verified.unanswered += 1
      }
    }
  }
  await Promise.all(Array.from({ length: CONCURRENT }, work))
  return verified
}
