import { runProgram } from '../run-program.js'

/** A family of packets, by the program that keeps its rules. */
export type Family = 'iptables' | 'ip6tables'

export const FAMILIES: readonly Family[] = ['iptables', 'ip6tables']

/** A socket that listens for connections. */
export interface Listener {
  port: number
  families: readonly Family[]
  /** how many connections may wait in it */
  backlog: number
}

/**
 * The sockets that listen in this network namespace.
 * @returns undefined where that cannot be seen
 */
export async function currentListeners(): Promise<Listener[] | undefined> {
  const listing = await runProgram(['ss', '-Hltn']).catch(() => undefined)
  return listing === undefined ? undefined : readListeners(listing)
}

/** Reads what `ss -Hltn` prints. */
export function readListeners(listing: string): Listener[] {
  return listing.split('\n').flatMap(line => {
    // State Recv-Q Send-Q Local:Port Peer:Port; Send-Q is the backlog of one that listens
    const [state, , backlog, local = ''] = line.trim().split(/\s+/)
    const [, address = '', port] = /^(.*):(\d+)$/.exec(local) ?? []
    if (state !== 'LISTEN' || port === undefined) return []
    return [{ port: Number(port), families: familiesOf(address), backlog: Number(backlog) }]
  })
}

function familiesOf(address: string): readonly Family[] {
  // how ss writes that a socket takes both
  if (address === '*') return FAMILIES
  if (/^\[::ffff:[0-9.]+\]/.test(address)) return ['iptables']
  return address.startsWith('[') ? ['ip6tables'] : ['iptables']
}

/**
 * The families in whose packets a client's address can reach the app; all of them as long as some port has no socket
 * that listens there: the app may not have started yet, or run elsewhere.
 */
export function familiesReached(listeners: readonly Listener[], ports: readonly number[]): readonly Family[] {
  if (!ports.every(port => listeners.some(listener => listener.port === port))) return FAMILIES
  return FAMILIES.filter(family =>
    listeners.some(({ port, families }) => ports.includes(port) && families.includes(family)),
  )
}
