import { knownEdge } from '../net/known-edge.js'
import { type Client, hopAddress } from './client.js'

/** After how many requests it is looked whether most of them come by a proxy that nobody named. */
export const LOOK_AT: readonly number[] = [12, 100, 1000]
/** The share of requests that are most of them. */
const MOST = 0.5
/** For how many clients a proxy writes at the least. */
const MIN_CLIENTS = 8
/** How many proxies are named. */
const MAX_NAMED = 5

/** Watches for proxies that were taken for clients. All of it is advice: see `about`. */
export interface UnnamedProxies {
  /** Is told who the client of a request is, and in which address slot it stands; of the first requests alone. */
  saw: (client: Client, slot: string) => void
  /**
   * What somebody should know, of so many requests: once. It is no more than advice, since where a front end appends to
   * the header, a client writes what stands left of its own address, and so can look like a proxy.
   */
  about: (requests: number) => string[]
}

interface Seen {
  requests: number
  /** who stands to the left of it */
  clients: Set<string>
}

/** Holds what the greatest of `LOOK_AT` requests say. */
export function watchUnnamedProxies(): UnnamedProxies {
  const edges = new Map<string, Seen>()
  const others = new Map<string, Seen>()
  let left = LOOK_AT[LOOK_AT.length - 1] ?? 0
  let isTold = false

  return {
    saw(client, slot) {
      if (left === 0 || client.ip === null || client.isPrivate) return
      left -= 1
      const edge = knownEdge(client.ip)
      const neighbour = client.isLeftmost ? null : leftOf(slot, client.hop)
      const seen = seenOf(edge === undefined ? others : edges, edge ?? client.ip)
      seen.requests += 1
      if (neighbour !== null) seen.clients.add(neighbour)
    },
    about(requests) {
      if (isTold || requests < (LOOK_AT[0] ?? 0)) return []
      const advice = adviseOnEdge(edges, requests) ?? adviseOnOthers(others, requests)
      isTold = advice !== undefined
      return advice === undefined ? [] : [advice]
    },
  }
}

function seenOf(map: Map<string, Seen>, name: string): Seen {
  const known = map.get(name)
  if (known) return known
  const seen = { requests: 0, clients: new Set<string>() }
  map.set(name, seen)
  return seen
}

/** The hop to the left of one that is counted from the right, if it is an address. */
function leftOf(slot: string, hop: number): string | null {
  const text = slot.split(',').at(-hop - 2)
  return text === undefined ? null : hopAddress(text)
}

function adviseOnEdge(edges: ReadonlyMap<string, Seen>, requests: number): string | undefined {
  const [[name, seen] = [undefined, undefined]] = [...edges].sort(byRequests)
  if (!seen || seen.requests < requests * MOST) return undefined
  const most = `${seen.requests} of ${requests} requests come by ${name}`
  if (seen.clients.size === 0) {
    return (
      `${most}, and the log does not say for whom: let the front end append to X-Forwarded-For, or take the client ` +
      'from its header (nginx: set_real_ip_from and real_ip_header)'
    )
  }
  return `${most}, for ${seen.clients.size} clients: give --trust ${name} --trust private, here and to xff-ban`
}

function adviseOnOthers(others: ReadonlyMap<string, Seen>, requests: number): string | undefined {
  const proxies = [...others].filter(([, { clients }]) => clients.size >= MIN_CLIENTS).sort(byRequests)
  const sum = proxies.reduce((sum, [, seen]) => sum + seen.requests, 0)
  if (proxies.length === 0 || sum < requests * MOST) return undefined
  const clients = new Set(proxies.flatMap(([, seen]) => [...seen.clients])).size
  const names = proxies.slice(0, MAX_NAMED).map(([name]) => name)
  const more = proxies.length > names.length ? ` and ${proxies.length - names.length} others` : ''
  return (
    `${sum} of ${requests} requests come by ${names.join(', ')}${more} for ${clients} clients: ` +
    `${proxies.length === 1 ? 'a proxy' : 'proxies'} of yours? ` +
    `Then give ${names.map(name => `--trust ${name}`).join(' ')} --trust private, here and to xff-ban. ` +
    'If not, do nothing: somebody makes up addresses'
  )
}

function byRequests([, a]: readonly [string, Seen], [, b]: readonly [string, Seen]): number {
  return b.requests - a.requests
}
