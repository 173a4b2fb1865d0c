import { devicesWithout } from '../backend/bpf/attachment.js'
import { listening, named } from '../backend/machine.js'
import { translationsNow } from '../backend/nat/translations.js'
import {
  isUnredirected,
  type Reach,
  reachOf,
  type Silence,
  silenceOf,
  socketSilence,
} from '../backend/reach.js'
import { type Counts, countsOf, type KernelJail, type PortPolicy } from './kernel.js'
import { type Spoken, spokenAt } from './protocol.js'
import type { Step } from './verdict.js'

/** How many devices are named. */
const MAX_DEVICES = 5

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

/**
 * Why the kernel program has not seen a request as one of a known client; undefined where it has.
 * @param asked the port of the front end, as clients ask it
 */
export async function blindness(seen: Seen, asked: number): Promise<Step | undefined> {
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
      port === asked
        ? `port ${port} is that of the front end, where clients send no header: give --port that of the app, to which the front end connects`
        : 'give xff-ban the same --trust and --hops as uwsgi-parse; --header NAME or --uwsgi VAR, if the client is elsewhere',
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

/** Why nothing has come to ports that the kernel program looks at. */
async function unseen(ports: readonly number[]): Promise<Step> {
  const nothing = `port ${ports.join(', ')} saw nothing`
  const reaches = await reachOf(ports, await translationsNow(ports))
  const silence = reaches.every(isUnredirected) && silenceOfAll(reaches)
  if (silence) return failed(silence.what, silence.cure)
  const beside = listening('uwsgi').find(({ unix }) => unix.length > 0)
  if (beside) {
    const { what, cure } = socketSilence(nothing, beside)
    return failed(what, cure)
  }
  const devices = await devicesWithout()
  if (devices.length > 0) {
    return failed(
      `${nothing}, and the kernel program is not on ${devices.slice(0, MAX_DEVICES).join(', ')}`,
      'start xff-ban without --dev, or with the device by which requests reach the app; it follows devices that come while it runs',
    )
  }
  const [target] = reaches.flatMap(({ targets }) => targets)
  if (target && !ports.includes(target.port)) {
    return failed(
      `${nothing}, though NAT leads from there to ${target.address}:${target.port}`,
      `--port ${target.port}, which is seen whichever way the front end reaches the app`,
    )
  }
  const container = reaches.find(({ container }) => container)?.container
  if (container) {
    return failed(
      `${nothing}: ${named(container)} listens there in another network namespace, as in a container, and the request did not pass here`,
      `nsenter --net=/proc/${container.pid}/ns/net xff-ban …; is it the app that this front end has?`,
    )
  }
  return failed(
    `${nothing} of it, though somebody listens there`,
    'the request took another way: another host, another port, or a connection that was open before xff-ban came',
  )
}

/** Why nobody can get a request at any of the ports; undefined where somebody listens behind one of them. */
export function silenceOfAll(reaches: readonly Reach[]): Silence | undefined {
  const given = reaches.map(({ port }) => port)
  const silences = reaches.map(reach => silenceOf(reach, given))
  return silences.every(silence => silence !== undefined) ? silences[0] : undefined
}
