import { setTimeout as pause } from 'node:timers/promises'
import { connect } from '@nats-io/transport-node'
import type { Nats } from '../nats.js'
import { waitFor } from '../wait-for.js'
import type { Service } from './service.js'

/** What goes wrong: a leader is killed, or hangs; the servers are all started again; one of a pipeline is killed. */
export const FAULTS = ['leader', 'pause', 'restart', 'counter', 'writer', 'reader'] as const
export type Fault = (typeof FAULTS)[number]

/** How long a server hangs: longer than the others wait for a leader, in milliseconds. */
const HANG_MS = 14_000
/** How long it is away. */
const AWAY_MS = 2_000

export interface Disturbed {
  nats: Nats
  services: Readonly<Record<'counter' | 'writer' | 'reader', readonly Service[]>>
}

/** Does one of them. It is over when all servers are up to date again. */
export async function bringAbout(
  fault: Fault,
  { nats, services }: Disturbed,
  chance: () => number,
): Promise<void> {
  if (fault === 'counter' || fault === 'writer' || fault === 'reader') {
    const some = services[fault]
    return some[Math.floor(chance() * some.length)]?.disturb(chance)
  }
  const stream = chance() < 0.5 ? 'XFF_app_REQUESTS' : 'XFF_app_BANS'
  const nodes = nats.urls.map((_, node) => node)
  if (fault === 'restart') {
    for (const node of nodes) await nats.kill(node)
    await pause(AWAY_MS)
    await Promise.all(nodes.map(node => nats.start(node)))
  } else {
    const leader = await waitFor('a leader', async () => (await clusterOf(nats, stream))?.leader)
    const node = Math.max(
      0,
      nodes.findIndex(node => `n${node}` === leader),
    )
    if (fault === 'leader') {
      await nats.kill(node)
      await pause(AWAY_MS)
      await nats.start(node)
    } else {
      nats.signal(node, 'SIGSTOP')
      await pause(HANG_MS)
      nats.signal(node, 'SIGCONT')
    }
  }
  await waitFor('all servers to be up to date', () => isWhole(nats))
}

export async function isWhole(nats: Nats): Promise<boolean> {
  const clusters = [await clusterOf(nats, 'XFF_app_REQUESTS'), await clusterOf(nats, 'XFF_app_BANS')]
  return clusters.every(cluster => cluster && cluster.current === nats.urls.length)
}

/** @returns its leader, and how many servers are up to date; undefined while nobody says */
async function clusterOf(
  { urls }: Nats,
  stream: string,
): Promise<{ leader: string; current: number } | undefined> {
  const connection = await connect({ servers: urls, timeout: 2_000, reconnect: false })
  try {
    const answer = await connection.request(`$JS.API.STREAM.INFO.${stream}`, '', { timeout: 2_000 })
    const info = answer.json<{
      cluster?: { leader?: string; replicas?: { current: boolean; offline?: boolean }[] }
    }>()
    // one server without a cluster tells none
    const { leader = urls.length === 1 ? 'n0' : '', replicas = [] } = info.cluster ?? {}
    if (leader === '') return undefined
    return { leader, current: 1 + replicas.filter(({ current, offline }) => current && !offline).length }
  } catch {
    return undefined
  } finally {
    await connection.close()
  }
}
