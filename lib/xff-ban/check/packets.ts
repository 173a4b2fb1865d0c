import { currentListeners } from '../backend/iptables/listeners.js'
import { type Listening, listening, listensElsewhere, named } from '../backend/machine.js'
import { type Counts, countsOf, type KernelJail, type PortPolicy } from './kernel.js'
import { type Spoken, spokenAt } from './protocol.js'
import type { Step } from './verdict.js'

const failed = (what: string, cure?: string): Step => ({
  step: 'ban point',
  ok: false,
  what,
  ...(cure === undefined ? {} : { cure }),
})

/** What the program counted while one request was under way, by port. */
export type Seen = ReadonlyMap<PortPolicy, Counts>

/** The counts of all ports of a jail. */
export async function countAll(jail: KernelJail): Promise<Map<PortPolicy, Counts>> {
  const counts = await Promise.all(
    jail.ports.map(async policy => [policy, await jail.counts(policy.port)] as const),
  )
  return new Map(counts)
}

/** How much more the second says. */
export function difference(before: Seen, after: Seen): Map<PortPolicy, Counts> {
  return new Map(
    [...after].map(([policy, now]) => {
      const then = before.get(policy)
      return [policy, countsOf(name => now[name] - (then?.[name] ?? 0))]
    }),
  )
}

/** Why the kernel program has not seen a request as one of a known client; undefined where it has. */
export async function blindness(seen: Seen): Promise<Step | undefined> {
  const all = [...seen]
  if (all.length === 0) return failed('the jail has no port in the kernel', 'start xff-ban with --port')
  const [known] = all.filter(([, { requests, unattributed }]) => requests > unattributed)
  if (known) return undefined
  const [unattributed] = all.filter(([, counts]) => counts.requests > 0)
  if (unattributed) {
    const [{ port, field, protocol }, counts] = unattributed
    // the preface of HTTP/2 begins as a request does, and behind a header of the PROXY protocol one may be read
    const spoken = counts.foreign > 0 && protocol === 'http' ? await spokenAt(port) : undefined
    if (spoken !== undefined) return notRead(port, spoken)
    return failed(
      `port ${port} saw the request, and no client in ${protocol === 'http' ? 'header' : 'variable'} ${field}`,
      'give xff-ban the same --trust and --hops as uwsgi-parse; --header NAME or --uwsgi VAR, if the client is elsewhere',
    )
  }
  const [foreign] = all.filter(([, counts]) => counts.foreign > 0)
  if (foreign) {
    const [{ port, protocol }] = foreign
    const spoken = await spokenAt(port)
    if (spoken !== undefined) return notRead(port, spoken)
    return protocol === 'http'
      ? failed(
          `what comes to port ${port} is not read as HTTP/1; the app there speaks neither TLS, HTTP/2 nor the PROXY protocol`,
          'it is the uwsgi protocol, if the front end has uwsgi_pass: --uwsgi REMOTE_ADDR',
        )
      : failed(
          `what comes to port ${port} is not read as the uwsgi protocol`,
          'leave --uwsgi away where the front end speaks HTTP',
        )
  }
  return await unseen(all.map(([{ port }]) => port))
}

/** What is done about what the kernel program cannot read. */
const CURES: Readonly<Record<Spoken, string>> = {
  TLS: 'let the front end speak plain HTTP to the app (nginx: proxy_pass http://…; HAProxy: a server without ssl)',
  'HTTP/2':
    'let the front end speak HTTP/1.1 to the app (nginx: proxy_http_version 1.1; HAProxy: a server without proto h2)',
  PROXY:
    'let the front end send X-Forwarded-For instead (HAProxy: option forwardfor, and a server without send-proxy)',
}

function notRead(port: number, spoken: Spoken): Step {
  const name = { TLS: 'TLS', 'HTTP/2': 'HTTP/2', PROXY: 'the PROXY protocol' }[spoken]
  return failed(
    `port ${port} gets ${name}, which the kernel program cannot read`,
    `${CURES[spoken]}; or ban in the front end (--nginx, --haproxy) or the app (--dir)`,
  )
}

/** Why nothing has come to the ports at all. */
export async function unseen(ports: readonly number[]): Promise<Step> {
  const said = ports.join(', ')
  const here = await currentListeners()
  const missing = ports.filter(port => here?.every(listener => listener.port !== port))
  const apps = listening('uwsgi')
  for (const port of missing) {
    const other = listensElsewhere(port)
    if (!other) continue
    return failed(
      `port ${port} saw nothing: ${named(other)} listens there in another network namespace, as in a container`,
      `nsenter --net=/proc/${other.pid}/ns/net xff-ban …, or xff-ban where the packets pass`,
    )
  }
  const sockets = apps.find(({ unix, ports: tcp }) => unix.length > 0 && tcp.length === 0)
  if (missing.length > 0 && sockets) return onUnixSocket(said, sockets)
  const open = apps.find(
    ({ ports: tcp, isHere }) => isHere && tcp.length > 0 && !tcp.some(port => ports.includes(port)),
  )
  if (missing.length > 0 && open) {
    return failed(
      `port ${said} saw nothing: ${named(open)} listens on port ${open.ports.join(', ')}`,
      `--port ${open.ports[0]}`,
    )
  }
  if (missing.length > 0) {
    return failed(
      `port ${said} saw nothing, and nobody listens there`,
      '--port is the port of the app, to which the front end connects, as in socket or http-socket of uwsgi.ini',
    )
  }
  const beside = apps.find(({ unix }) => unix.length > 0)
  if (beside) return onUnixSocket(said, beside)
  return failed(
    `port ${said} saw nothing of it, though somebody listens there`,
    'the request took another way: another host, another port, a bridge between containers, or a connection that was ' +
      'open before xff-ban came',
  )
}

function onUnixSocket(ports: string, { unix: [path = ''], ...process }: Listening): Step {
  return failed(
    `port ${ports} saw nothing: ${named(process)} listens on ${path}, a unix socket, which no packet passes`,
    'ban in nginx (--nginx FILE), by files (--dir DIR), or by ipset (--set NAME); or give uWSGI a TCP port',
  )
}
