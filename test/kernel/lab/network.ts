import { existsSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { waitFor } from '../../support/wait-for.js'

/**
 * The hosts of a lab. Clients reach the edge over a link of their own; edge, inner and app share a switch:
 *
 *     client ---- edge 10.77.0.1 ---- app 10.77.0.2
 *                  `-- inner 10.77.0.9 --'
 */
export const HOSTS = ['client', 'edge', 'inner', 'app'] as const
export type Host = (typeof HOSTS)[number]

/** Where each host listens. */
export const ADDRESSES = {
  edge: { v4: '10.77.0.1', v6: 'fd77::1' },
  inner: { v4: '10.77.0.9', v6: 'fd77::9' },
  app: { v4: '10.77.0.2', v6: 'fd77::2' },
} as const

/** A place to connect to, over either family. */
export interface Endpoint {
  v4: string
  v6: string
  port: number
}

const NAMESPACES = '/run/netns'

export interface Network {
  /** the namespace of a host */
  namespace: (host: Host) => string
  /** Ends every process in the namespaces, and removes them. */
  remove: () => Promise<void>
}

let made = 0

/**
 * Makes the namespaces and the links between them.
 * @param clients addresses of either family from which requests can be made
 */
export async function createNetwork(clients: readonly string[]): Promise<Network> {
  const lab = `lab${++made}`
  const namespace = (host: Host) => `${lab}-${host}`
  const remove = async () => {
    await Promise.all(HOSTS.map(host => removeNamespace(namespace(host))))
  }
  try {
    for (const host of HOSTS) await addNamespace(namespace(host))
    await batch(namespace('edge'), [
      'link add switch type bridge',
      `link add clients type veth peer name edge netns ${namespace('client')}`,
      `link add inner type veth peer name net netns ${namespace('inner')}`,
      `link add app type veth peer name net netns ${namespace('app')}`,
      'link set inner master switch',
      'link set app master switch',
      ...['lo', 'clients', 'inner', 'app', 'switch'].map(device => `link set ${device} up`),
      ...assign('switch', ADDRESSES.edge),
      ...assign('clients', { v4: '192.0.2.1', v6: 'fd78::1' }),
      'route add default via 192.0.2.2',
      'route add default via fd78::2',
    ])
    await batch(namespace('client'), [
      'link set lo up',
      'link set edge up',
      ...assign('edge', { v4: '192.0.2.2', v6: 'fd78::2' }),
      ...clients.map(ip => `address add ${ip}${isV6(ip) ? '/128 dev edge nodad' : '/32 dev edge'}`),
      'route add default via 192.0.2.1',
      'route add default via fd78::1',
    ])
    for (const host of ['inner', 'app'] as const) {
      await batch(namespace(host), [
        'link set lo up',
        'link set net up',
        ...assign('net', ADDRESSES[host]),
        `route add default via ${ADDRESSES.edge.v4}`,
        `route add default via ${ADDRESSES.edge.v6}`,
      ])
    }
  } catch (error) {
    await remove()
    throw error
  }
  return { namespace, remove }
}

export function isV6(ip: string): boolean {
  return ip.includes(':')
}

/**
 * In the kernel's settings for new links: no waiting for duplicates of link-local addresses, without which
 * neighbours are not found. Hosts forward, so that clients may also speak to the app directly.
 */
const SETTINGS = {
  'ipv6/conf/default/accept_dad': 0,
  'ipv6/conf/all/forwarding': 1,
  'ipv4/ip_forward': 1,
}

/** Makes a host. */
export async function addNamespace(name: string): Promise<void> {
  await execa('ip', ['netns', 'add', name])
  const line = Object.entries(SETTINGS).map(([name, value]) => `echo ${value} > /proc/sys/net/${name}`)
  await execa('ip', ['netns', 'exec', name, 'sh', '-c', line.join(' && ')])
}

/** Addresses that are usable at once: nodad. */
function assign(device: string, { v4, v6 }: { v4: string; v6: string }): string[] {
  return [`address add ${v4}/24 dev ${device}`, `address add ${v6}/64 dev ${device} nodad`]
}

/** Carries out commands of `ip` in a namespace. */
export async function batch(namespace: string, lines: readonly string[]): Promise<void> {
  await execa('ip', ['-n', namespace, '-batch', '-'], { input: `${lines.join('\n')}\n` })
}

/** Ends every process in it first. */
export async function removeNamespace(name: string): Promise<void> {
  if (!existsSync(join(NAMESPACES, name))) return
  await waitFor(`the end of the processes in ${name}`, async () => {
    const { stdout } = await execa('ip', ['netns', 'pids', name])
    const pids = stdout.split('\n').filter(Boolean).map(Number)
    for (const pid of pids) kill(pid)
    return pids.length === 0
  })
  removeTraces(name)
  await execa('ip', ['netns', 'delete', name])
}

const PINS = '/sys/fs/bpf/xff-ban'
const LOCKS = '/run/xff-ban'

/** What xff-ban has pinned and locked for the namespace would be there for the next one with its number. */
function removeTraces(name: string): void {
  const namespace = statSync(join(NAMESPACES, name)).ino
  for (const folder of [PINS, LOCKS].filter(path => existsSync(path))) {
    const files = readdirSync(folder).filter(file => RegExp(`-${namespace}(-.*|\\.lock)?$`).test(file))
    for (const file of files) rmSync(join(folder, file), { recursive: true, force: true })
  }
  if (existsSync(PINS) && readdirSync(PINS).length === 0) rmSync(PINS, { recursive: true, force: true })
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // gone by itself
  }
}
