import { counted } from '../text/counted.js'
import type { Doubt } from './request.js'
import { type TrustedAlone, watchTrustedAlone } from './trusted-alone.js'
import { type UnnamedProxies, watchUnnamedProxies } from './unnamed-proxies.js'

/** How many private addresses are told apart. */
const MAX_ADDRESSES = 16

/** What was in the log. */
export interface Tally {
  lines: number
  requests: number
  /** wanted requests before `since` */
  skipped: number
  /** requests with a wanted status: the records that were written */
  wanted: number
  /** lines that were not parsed: banners, tracebacks, what the app prints */
  unparsed: number
  /** of these, lines that begin as a request does */
  damaged: number
  /** wanted requests whose client cannot be known */
  unattributed: number
  /** of these, how many for which reason */
  doubts: Map<Doubt, number>
  /** wanted requests whose only hop is a private address, by address; the first few of them */
  privateClients: Map<string, number>
  proxies: UnnamedProxies
  trustedAlone: TrustedAlone
  /** the first address slots whose client is not known */
  unknownSlots: string[]
}

export function createTally(): Tally {
  return {
    lines: 0,
    requests: 0,
    skipped: 0,
    wanted: 0,
    unparsed: 0,
    damaged: 0,
    unattributed: 0,
    doubts: new Map(),
    privateClients: new Map(),
    proxies: watchUnnamedProxies(),
    trustedAlone: watchTrustedAlone(),
    unknownSlots: [],
  }
}

/** Counts a request that came from a private address alone. */
export function countPrivateClient({ privateClients }: Tally, ip: string): void {
  const count = privateClients.get(ip)
  if (count !== undefined) privateClients.set(ip, count + 1)
  else if (privateClients.size < MAX_ADDRESSES) privateClients.set(ip, 1)
}

/** Keeps an address slot without a client, if it is one of the first. */
export function keepUnknownSlot({ unknownSlots }: Tally, slot: string): void {
  // a slice of a line keeps its whole block of the log alive: a copy
  if (unknownSlots.length < MAX_ADDRESSES) unknownSlots.push(Buffer.from(slot.slice(0, 200)).toString())
}

export function countDoubt({ doubts }: Tally, doubt: Doubt): void {
  doubts.set(doubt, (doubts.get(doubt) ?? 0) + 1)
}

/** How many failures have no client, by cause; `unknown`: none was found. */
export function unattributedByCause({ doubts, unattributed }: Tally): ReadonlyMap<string, number> {
  const told = [...doubts.values()].reduce((sum, count) => sum + count, 0)
  return new Map<string, number>([...doubts, ['unknown', Math.max(0, unattributed - told)]])
}

/** The closing line. */
export function summarize(tally: Tally): string {
  const skipped = tally.skipped > 0 ? `${tally.skipped} of them skipped, ` : ''
  const damaged = tally.damaged > 0 ? ` (${tally.damaged} of them begin like a request)` : ''
  const tooLong = tally.doubts.get('too long') ?? 0
  const short = tooLong > 0 ? ` (${tooLong} of them too long for uWSGI to log)` : ''
  return (
    `${counted(tally.lines, 'line')}, ${counted(tally.requests, 'request')}, ${skipped}${tally.wanted} written, ` +
    `${counted(tally.unparsed, 'unparsed line')}${damaged}, ${tally.unattributed} unattributed${short}`
  )
}
