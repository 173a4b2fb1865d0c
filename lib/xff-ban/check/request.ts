import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { codeOf, messageOf } from '../../exit.js'
import { canonical } from '../../net/address.js'
import { ownAddresses } from '../../net/own-addresses.js'
import { isLoopback } from '../../net/private.js'
import { translationsNow } from '../backend/nat/translations.js'

/** How one request of the check went. */
export interface Answer {
  /** undefined: none came */
  status?: number
  /** why none came */
  error?: string
  /** the address from which it was sent, as it left this host */
  from?: string
  /** where it went to */
  to?: string
  /** where the answer sends the client instead */
  location?: string
}

/** Where requests go, and from where. */
export interface Route {
  host: string
  address: string
  /** of the loopback network, for a front end on this host: then nobody else has it */
  from: string | undefined
}

/** The parameter that marks the requests. */
const MARK = 'xff-ban-check'

/** The URL with the marker in its query. */
export function marked(url: URL, token: string): URL {
  const own = new URL(url)
  own.searchParams.set(MARK, token)
  own.hash = ''
  return own
}

/**
 * Finds the address of the front end. On this host the request gets a source address of its own: if the log then names
 * it, it is the client's, and not that of the front end itself. With such an address nothing can leave the host, as for
 * a container whose port is published by NAT.
 */
export async function routeTo(url: URL): Promise<Route> {
  const { lookup } = await import('node:dns/promises')
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const { address } = await lookup(host)
  const isHere = isIP(address) === 4 && (isLoopback(address) || ownAddresses().includes(address))
  const staysHere = isHere && (await translationsNow([portOf(url)])).targets.length === 0
  const from = staysHere ? `127.${[0, 0, 0].map(() => randomInt(1, 255)).join('.')}` : undefined
  return { host, address, from }
}

function portOf({ port, protocol }: URL): number {
  return Number(port) || (protocol === 'https:' ? 443 : 80)
}

/** Sends one GET, over a connection of its own. Certificates are not looked at: nothing secret is sent. */
export async function ask(url: URL, { host, address, from }: Route, waitMs: number): Promise<Answer> {
  const { request } = await import(url.protocol === 'https:' ? 'node:https' : 'node:http')
  const port = portOf(url)
  const sent = request({
    host: address,
    port,
    path: url.pathname + url.search,
    headers: { Host: url.host, 'User-Agent': `${MARK}/${url.searchParams.get(MARK)}`, Connection: 'close' },
    agent: false,
    rejectUnauthorized: false,
    signal: AbortSignal.timeout(waitMs),
    ...(isIP(host) === 0 && { servername: host }),
    ...(from !== undefined && { localAddress: from }),
  })
  const seen: Answer = { to: `${isIP(address) === 6 ? `[${address}]` : address}:${port}` }
  try {
    sent.on('socket', (socket: IncomingMessage['socket']) => {
      socket.once('connect', () => {
        const local = canonical(socket.localAddress ?? '')
        if (local !== null) seen.from = local
      })
    })
    sent.end()
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      sent.once('response', resolve).once('error', reject)
    })
    response.resume()
    const { statusCode, headers } = response
    if (statusCode !== undefined) seen.status = statusCode
    if (headers.location !== undefined) seen.location = headers.location
    await once(response, 'close')
    return seen
  } catch (error) {
    // what has come of an answer is one, however its connection ended
    return seen.status === undefined ? { ...seen, error: reasonOf(error, waitMs) } : seen
  } finally {
    sent.destroy()
  }
}

function reasonOf(error: unknown, waitMs: number): string {
  const name = error instanceof Error ? error.name : ''
  return name === 'TimeoutError' || name === 'AbortError' || codeOf(error) === 'ABORT_ERR'
    ? `no answer within ${waitMs / 1000} s`
    : messageOf(error)
}
