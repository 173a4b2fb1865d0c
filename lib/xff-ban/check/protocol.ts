import { connect, type Socket } from 'node:net'
import { ownAddresses } from '../../net/own-addresses.js'

/** What an app may speak that the kernel program cannot read. */
export type Spoken = 'TLS' | 'HTTP/2' | 'PROXY'

/** How long one question may take, in milliseconds. */
const WAIT_MS = 2_000
/** How many addresses of this host are tried: an app may listen on one of them alone. */
const MAX_ADDRESSES = 16

/** The preface of a client of HTTP/2, and its empty SETTINGS (RFC 9113, 3.4). */
const HTTP2 = Buffer.concat([
  Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1'),
  Buffer.from('000000040000000000', 'hex'),
])
const SETTINGS = 4

/** A header of the PROXY protocol, version 2, for a connection of the proxy itself, as of a health check. */
const PROXY = Buffer.concat([
  Buffer.from('0d0a0d0a000d0a515549540a20000000', 'hex'),
  Buffer.from('HEAD / HTTP/1.0\r\n\r\n', 'latin1'),
])

/** Asks what listens at a port of this host what it speaks. @returns undefined where it is none of these */
export async function spokenAt(port: number): Promise<Spoken | undefined> {
  const host = await addressOf(port)
  if (host === undefined) return undefined
  if (await speaksTls(host, port)) return 'TLS'
  if ((await answerTo(HTTP2, host, port))[3] === SETTINGS) return 'HTTP/2'
  // a server that does not expect it answers 400
  const answer = (await answerTo(PROXY, host, port)).toString('latin1')
  return /^HTTP\/1\.\d (?!400)\d/.test(answer) ? 'PROXY' : undefined
}

async function addressOf(port: number): Promise<string | undefined> {
  for (const host of ['127.0.0.1', '::1', ...ownAddresses()].slice(0, MAX_ADDRESSES)) {
    const socket = connect({ host, port })
    if (await happens<true>(socket, known => socket.once('connect', () => known(true)))) return host
  }
  return undefined
}

async function speaksTls(host: string, port: number): Promise<boolean> {
  const tls = await import('node:tls')
  // nothing secret is sent, and nothing is believed
  const socket = tls.connect({ host, port, rejectUnauthorized: false })
  return (await happens<true>(socket, known => socket.once('secureConnect', () => known(true)))) ?? false
}

/** The first bytes that come for some that are sent; none where nothing comes. */
async function answerTo(bytes: Buffer, host: string, port: number): Promise<Buffer> {
  const socket = connect({ host, port })
  socket.write(bytes)
  return (await happens<Buffer>(socket, known => socket.once('data', known))) ?? Buffer.alloc(0)
}

/** What comes of a connection; undefined where it ends, or the time is up, before anything does. */
function happens<T>(socket: Socket, watch: (known: (what: T) => void) => void): Promise<T | undefined> {
  return new Promise<T | undefined>(resolve => {
    socket.setTimeout(WAIT_MS, () => socket.destroy())
    socket.once('error', () => resolve(undefined))
    socket.once('close', () => resolve(undefined))
    watch(resolve)
  }).finally(() => socket.destroy())
}
