import { addressKey } from '../net/address-key.js'
import type { Counts, Digest, DigestOptions } from './digest.js'
import { whyNone } from './why-none.js'

/** What has been counted so far, as it is shown. */
export function digestOf(counts: Counts, options: DigestOptions): Digest {
  const { totals, timeline, addresses, paths, networks, bans, rules, troubles, whatIf } = counts
  const now = Math.max(totals.newest ?? 0, options.now?.() ?? 0)
  const inForce = bans.inForce(now)
  const banned = bans.all()
  const over = banned.filter(({ until }) => until <= now).sort((a, b) => b.until - a.until)
  const complete = bans.complete()
  const worst = addresses.top(options.top).map(address => ({
    ...address,
    bans: bans.countOf(address.key),
    network: networks?.nameOf(address.key),
  }))
  const failed = () => ({
    known: addresses.top(Number.POSITIVE_INFINITY).map(({ key }) => key),
    complete: addresses.complete(),
  })
  return {
    options,
    now,
    totals,
    timeline: timeline.buckets(),
    addresses: { top: worst, distinct: addresses.size(), complete: addresses.complete() },
    networks: networks?.digest(options.top, failed(), bans.everBanned()),
    paths: { top: paths.top(options.top), distinct: paths.size(), complete: paths.complete() },
    banned: { top: banned.slice(-options.top), all: banned.length },
    inForce: { top: inForce.slice(0, options.top), all: inForce.length, complete },
    over: { top: over.slice(0, options.top), all: over.length, complete },
    rules: [...rules].sort(([, a], [, b]) => b - a).slice(0, options.top),
    troubles: troubles.digest(now, options.top),
    unbanned: unbannedOf(worst, counts, options),
    outcomes: whatIf.outcomes(),
    spared: whatIf.spared(),
  }
}

function unbannedOf(
  worst: Digest['addresses']['top'],
  { totals, bans, allowed, troubles, whatIf }: Counts,
  { max, find }: DigestOptions,
): Digest['unbanned'] {
  const first = worst.find(({ bans }) => bans === 0)
  // without a record of a ban it is not known who is banned
  if (!first || totals.bans === 0) return undefined
  const { key: ip, count: failures } = first
  const why = whyNone({
    ...{ ip, max, find, limits: whatIf.limitsThatBan(addressKey(ip)), isHeld: troubles.isHeld(ip) },
    ...{ banned: bans.everBanned(), allowed: allowed.keys() },
  })
  return { ip, failures, why }
}
