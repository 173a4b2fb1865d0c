import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import type { Test } from 'tap'
import type { Backend } from '../../../lib/xff-ban/backend/backend.js'
import { LIMIT } from '../../support/wait-for.js'
import type { Lacks } from './promises.js'

/** A backend under test. */
export interface Subject {
  name: string
  /** programs and parts of the kernel, as kernelTest knows them */
  needs: readonly string[]
  /** makes the place where it enforces; it is taken down at the end of the test */
  build: (t: Test) => Promise<EnforcementPoint>
  /** which promises the backend does not make, and why: their tests are skipped */
  lacks: Lacks
  /** what is so with this backend alone */
  own?: Readonly<Record<string, (t: Test) => Promise<void>>>
}

/** Where a backend enforces bans: a real server, a real kernel. */
export interface EnforcementPoint {
  /** a backend as a run of xff-ban begins with it */
  start: () => Backend
  /** the options by which the command makes that backend */
  options: readonly string[]
  /** Asks for a page from each of these addresses. @returns those who are refused, in their order */
  refused: (ips: readonly string[]) => Promise<string[]>
  /** whether what the backend did takes a moment to be so */
  late?: boolean
  /** Somebody else bans an address, with rules or files of their own. */
  theirs: (ip: string) => Promise<void>
  /** what somebody might do to ours, and `verify` puts right */
  damages: Readonly<Record<string, () => Promise<void>>>
  /** Makes the place unusable. @returns what makes it usable again, and how much it has forgotten */
  goAway: () => Promise<() => Promise<void>>
  /** everything there that a backend might have left behind */
  traces: () => Promise<unknown>
}

/** A server for everybody, on loopback in both families. @returns its port */
export async function serve(t: Test): Promise<number> {
  let port = 0
  for (const host of ['127.0.0.1', '::1']) {
    const server = createServer((_request, response) => response.end('hello'))
    t.teardown(() => server.close().closeAllConnections())
    await new Promise<void>(resolve => server.listen(port, host, resolve))
    port = (server.address() as AddressInfo).port
  }
  return port
}

/** Who is refused when the clients connect to a port themselves. */
export function refusedAt(port: number): EnforcementPoint['refused'] {
  return ips => filter(ips, ip => isRefused(port, ip, ''))
}

/** Who is refused when a front end on this host passes the requests of the clients on. */
export function refusedBehind(port: number): EnforcementPoint['refused'] {
  return ips => filter(ips, ip => isRefused(port, '127.0.0.1', `X-Forwarded-For: ${ip}\r\n`))
}

/** How many ask at the same time. */
const AT_ONCE = 50
/** How long an answer may take, in milliseconds. */
const PATIENCE = LIMIT

async function filter(ips: readonly string[], test: (ip: string) => Promise<boolean>): Promise<string[]> {
  const refused: string[] = []
  for (let i = 0; i < ips.length; i += AT_ONCE) {
    const some = ips.slice(i, i + AT_ONCE)
    const verdicts = await Promise.all(some.map(test))
    refused.push(...some.filter((_, i) => verdicts[i]))
  }
  return refused
}

/** Whether a request is refused: by a 403 or a reset; it is an error if it is neither that nor served. */
function isRefused(port: number, from: string, headers: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const host = from.includes(':') ? '::1' : '127.0.0.1'
    const socket = connect({ host, port, localAddress: from }).setTimeout(PATIENCE)
    let answer = ''
    socket
      .on('data', chunk => {
        answer += chunk
      })
      .on('timeout', () => socket.destroy(new Error(`${from} gets no answer`)))
      .on('error', (error: NodeJS.ErrnoException) => {
        if (error.code === 'ECONNREFUSED' || error.code === 'ECONNRESET') resolve(true)
        else reject(error)
      })
      .on('close', () => {
        const status = /^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]
        if (status === '200' || status === '403') resolve(status === '403')
        else reject(new Error(`${from} gets ${JSON.stringify(answer)}`))
      })
    socket.write(`GET / HTTP/1.1\r\nHost: app\r\n${headers}Connection: close\r\n\r\n`)
  })
}
