import { contains, formatPrefix, masked, type Prefix, prefixOf } from '../../net/prefix.js'
import type { ActiveBans } from './active-bans.js'
import type { Ban } from './ban.js'
import type { Hole } from './exempt.js'
import { LEAST_BITS } from './width.js'

const PREFIXES = new WeakMap<Ban, Prefix>()

/** The bans of addresses and prefixes that lie in a prefix, itself included. */
export function bansWithin(bans: ActiveBans, target: Prefix): Ban[] {
  const own = bans.get(formatPrefix(target))
  if (target.length === target.network.length * 8) return own ? [own.ban] : []
  return [...bans.values()]
    .map(({ ban }) => ban)
    .filter(ban => {
      const { network, length } = prefixOfBan(ban)
      return length >= target.length && contains(target, network)
    })
}

/** The bans of wider prefixes that hold an address or prefix. */
export function bansAround(bans: ActiveBans, target: Prefix): Ban[] {
  const found: Ban[] = []
  for (let length = LEAST_BITS; length < target.length; length++) {
    const active = bans.get(formatPrefix({ network: masked(target.network, length), length }))
    if (active) found.push(active.ban)
  }
  return found
}

/** The bans of prefixes by which an address or prefix is banned, whether or not it is banned itself. */
export function bansCovering(
  bans: ActiveBans,
  inside: (ip: string) => readonly Hole[],
  target: Prefix,
): Ban[] {
  return bansAround(bans, target).filter(
    ({ ip }) => !inside(ip).some(({ range }) => contains(prefixOf(range), target.network)),
  )
}

/** Parsed once, since all bans are looked at for each prefix that is allowed. */
function prefixOfBan(ban: Ban): Prefix {
  const known = PREFIXES.get(ban) ?? prefixOf(ban.ip)
  PREFIXES.set(ban, known)
  return known
}
