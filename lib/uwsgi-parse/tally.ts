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
  /** wanted requests whose client cannot be known */
  unattributed: number
  /** wanted requests whose only hop is a private address, by address; the first few of them */
  privateClients: Map<string, number>
}

export function createTally(): Tally {
  return {
    lines: 0,
    requests: 0,
    skipped: 0,
    wanted: 0,
    unparsed: 0,
    unattributed: 0,
    privateClients: new Map(),
  }
}

/** Counts a request that came from a private address alone. */
export function countPrivateClient({ privateClients }: Tally, ip: string): void {
  const count = privateClients.get(ip)
  if (count !== undefined) privateClients.set(ip, count + 1)
  else if (privateClients.size < MAX_ADDRESSES) privateClients.set(ip, 1)
}
