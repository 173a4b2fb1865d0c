import { readFileSync } from 'node:fs'
import { currentListeners, type Listener } from './iptables/listeners.js'
import { listening, listensElsewhere, named, type Process } from './machine.js'
import type { Translations } from './nat/translations.js'

/** Who gets the requests to a port. */
export interface Reach {
  port: number
  /** whether somebody listens on it here; undefined where that cannot be seen */
  isHere: boolean | undefined
  /** where NAT leads from it */
  targets: readonly { address: string; port: number }[]
  /** who listens behind it in another network namespace, as in a container */
  container?: Process
}

/** Who gets the requests to the ports, as far as this machine tells. */
export async function reachOf(ports: readonly number[], nat: Translations): Promise<Reach[]> {
  const listeners = await currentListeners()
  return ports.map(port => {
    const targets = nat.targets.filter(target => target.port === port).map(({ to }) => to)
    const container = [port, ...targets.map(({ port }) => port)].map(listensElsewhere).find(Boolean)
    return { port, isHere: isListening(listeners, port), targets, ...(container ? { container } : {}) }
  })
}

function isListening(listeners: readonly Listener[] | undefined, port: number): boolean | undefined {
  return listeners?.some(listener => listener.port === port)
}

/** Whether its requests go on to a container: what listens here then is a proxy, for those whom NAT leaves out. */
export function isForwarded({ isHere, targets, container }: Reach): boolean {
  return targets.length > 0 || (isHere === false && container !== undefined)
}

/** What is said of ports behind which nobody listens, for people to read. */
export function warningsOfSilence(reaches: readonly Reach[]): string[] {
  return reaches.flatMap(reach => {
    const { port, isHere, targets, container } = reach
    if (isHere !== false || container !== undefined) return []
    const [to] = targets
    if (to) {
      return `nobody listens on ${to.address}:${to.port}, where NAT leads from port ${port}: nobody is refused until somebody does`
    }
    const onSocket = listening('uwsgi').find(({ unix, ports }) => unix.length > 0 && ports.length === 0)
    const silence = `nobody listens on port ${port} here, and nobody is refused until somebody does; `
    if (onSocket) {
      return (
        `${silence}${named(onSocket)} listens on ${onSocket.unix[0]}, a unix socket, which no packet passes: ban in the ` +
        'front end (--nginx, --haproxy), by files (--dir), or give uWSGI a TCP port'
      )
    }
    return `${silence}if the app is in a container: nsenter --net=/proc/PID/ns/net xff-ban …`
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
