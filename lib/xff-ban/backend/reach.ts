import { readFileSync } from 'node:fs'
import { currentListeners, type Listener } from './iptables/listeners.js'
import { type Listening, listening, listensElsewhere, named, type Process } from './machine.js'
import type { Translations } from './nat/translations.js'

/** Who gets the requests to a port. */
export interface Reach {
  port: number
  /** whether somebody listens on it here; undefined where that cannot be seen */
  isHere: boolean | undefined
  /** where NAT leads from it */
  targets: readonly { address: string; port: number }[]
  /** the port of this host to which NAT leads from it: rules see the packets there, the kernel program at both */
  redirect?: number
  /** who listens behind it in another network namespace, as in a container */
  container?: Process
}

/** Who gets the requests to the ports, as far as this machine tells. */
export async function reachOf(ports: readonly number[], nat: Translations): Promise<Reach[]> {
  const listeners = await currentListeners()
  return ports.map(port => {
    const targets = nat.targets.filter(target => target.port === port).map(({ to }) => to)
    const container = [port, ...targets.map(({ port }) => port)].map(listensElsewhere).find(Boolean)
    const redirect = nat.redirects.find(redirect => redirect.port === port)?.to
    return {
      ...{ port, isHere: isListening(listeners, port), targets },
      ...(redirect === undefined ? {} : { redirect }),
      ...(container ? { container } : {}),
    }
  })
}

function isListening(listeners: readonly Listener[] | undefined, port: number): boolean | undefined {
  return listeners?.some(listener => listener.port === port)
}

/** Whether its requests go on to a container: what listens here then is a proxy, for those whom NAT leaves out. */
export function isForwarded({ isHere, targets, container }: Reach): boolean {
  return targets.length > 0 || (isHere === false && container !== undefined)
}

/** Nobody listens behind a port: what was seen, and what would change it, for people to read. */
export interface Silence {
  what: string
  cure: string
}

/**
 * @param given the ports at which is banned
 * @returns undefined where somebody listens, or where that cannot be seen
 */
export function silenceOf(
  { port, isHere, targets, redirect, container }: Reach,
  given: readonly number[],
): Silence | undefined {
  if (isHere !== false || container !== undefined) return undefined
  const [to] = targets
  if (to) {
    const what = `nobody listens on ${to.address}:${to.port}, where NAT leads from port ${port}`
    return { what, cure: 'start the app there' }
  }
  if (redirect !== undefined)
    return { what: `NAT leads from port ${port} to port ${redirect}`, cure: `--port ${redirect}` }
  const nobody = `nobody listens on port ${port} here`
  const apps = listening('uwsgi')
  const onSocket = apps.find(({ unix, ports }) => unix.length > 0 && ports.length === 0)
  if (onSocket) return socketSilence(nobody, onSocket)
  const others = apps.filter(({ ports }) => ports.length > 0 && !ports.some(port => given.includes(port)))
  const other = others.find(({ isHere }) => isHere) ?? others[0]
  if (other) {
    const where = other.isHere ? '' : ' of a container'
    return {
      what: `${nobody}, but ${named(other)} on port ${other.ports.join(', ')}${where}`,
      cure: `--port ${other.ports[0]}, if that is the app`,
    }
  }
  return {
    what: nobody,
    cure:
      '--port is the port of the app, to which the front end connects, as in socket or http-socket of uwsgi.ini; if the ' +
      'app is in a container that is not seen from here: nsenter --net=/proc/PID/ns/net xff-ban …',
  }
}

/** @param nobody what is said of the port */
export function socketSilence(nobody: string, { unix: [path = ''], ...process }: Listening): Silence {
  return {
    what: `${nobody}, but ${named(process)} on ${path}, a unix socket, which no packet passes`,
    cure: 'ban in nginx (--nginx FILE), by files (--dir DIR), or by ipset (--set NAME); or give uWSGI a TCP port',
  }
}

/** The kernel program sees requests before NAT leads them to another port. */
export function isUnredirected({ redirect }: Reach): boolean {
  return redirect === undefined
}

/** What is said of ports behind which nobody listens, for people to read. */
export function warningsOfSilence(reaches: readonly Reach[], given: readonly number[]): string[] {
  return reaches.flatMap(reach => {
    const silence = silenceOf(reach, given)
    return silence ? `${silence.what}: nobody is refused until somebody does; ${silence.cure}` : []
  })
}

/** What rules in FORWARD do not see, for people to read. */
export function blindSpotsOfForward(): string[] {
  const passesRules = settingOf('net/bridge/bridge-nf-call-iptables') === '1'
  return [
    'FORWARD: requests of this host itself to a container pass OUTPUT, and are not seen; bpf sees them',
    ...(passesRules
      ? []
      : [
          'FORWARD: requests between containers of one bridge pass no rules, and are not seen; bpf sees them, or: ' +
            'modprobe br_netfilter && sysctl net.bridge.bridge-nf-call-iptables=1',
        ]),
  ]
}

function settingOf(path: string): string | undefined {
  try {
    return readFileSync(`/proc/sys/${path}`, 'latin1').trim()
  } catch {
    return undefined
  }
}
