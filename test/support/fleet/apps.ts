import type { Test } from 'tap'
import { createLab, type Front, type Lab } from '../../kernel/lab/lab.js'
import { type Nats, pipeline } from '../nats.js'
import { waitFor } from '../wait-for.js'

/** After so many failures a client is banned. */
const MAX = 10
/** How often each host is asked whether it refuses a client, in milliseconds. */
const LOOK_MS = 10

/** Hosts of one fleet, each with front end, app, log and kernel program in namespaces of its own. */
export interface Apps {
  /**
   * Has a client fail ten times, on one host after the other.
   * @returns of each host how long after the answer to the tenth failure it refused him, in milliseconds
   */
  attack: (client: string) => Promise<number[]>
  /** Of each host what it answers this client. */
  ask: (client: string) => Promise<(number | null)[]>
}

interface Host {
  lab: Lab
  front: Front
}

/** @param clients the addresses that attack; one more is used until all is up */
export async function createApps(
  t: Test,
  nats: Nats,
  { hosts, clients }: { hosts: number; clients: readonly string[] },
): Promise<Apps> {
  const first = '203.0.113.250'
  const all: Host[] = []
  for (let i = 1; i <= hosts; i++) all.push(await createHost(t, nats, `web${i}`, [...clients, first]))
  for (const name of ['count1', 'count2']) {
    const at = `--from ${name} $SERVER`
    pipeline(
      t,
      nats,
      `xff-bus read requests ${at} | xff-window --max ${MAX} --find 300 --late 630 | xff-bus write bans ${at}`,
    )
  }
  const ask = (client: string) =>
    Promise.all(all.map(async host => (await visit(host, client, '/ok')).status))
  const apps: Apps = {
    ask,
    async attack(client) {
      for (let i = 0; i < MAX; i++) {
        const { status } = await visit(all[i % hosts] as Host, client, '/no-such-page')
        if (status !== 404) throw new Error(`failure ${i + 1} of ${client} was answered ${status}`)
      }
      const since = performance.now()
      const refused = async (host: Host) => {
        await waitFor(
          `${client} to be refused`,
          async () => (await visit(host, client, '/ok')).status === 403,
          {
            every: LOOK_MS,
          },
        )
        return performance.now() - since
      }
      return await Promise.all(all.map(refused))
    },
  }
  await apps.attack(first)
  return apps
}

async function createHost(t: Test, nats: Nats, name: string, clients: readonly string[]): Promise<Host> {
  const lab = await createLab(t, { clients })
  const { http, log } = await lab.uwsgi()
  const front = await lab.nginx({ to: [http] })
  // the broker is in the namespace of the test, the log and the program in that of the app
  const bus = (call: string) =>
    `nsenter --net=/proc/${process.pid}/ns/net xff-bus ${call} --from ${name} ${nats.urls.map(url => `--server ${url}`).join(' ')}`
  const state = `--name fleet --state ${lab.folder}/fleet.jsonl`
  const jail = lab.pipeline(`${bus('read bans')} | xff-ban --packets bpf --port 3031 ${state}`)
  // one after the other: to have ten programs checked by the kernel at once takes too long
  await waitFor(`the program of ${name}`, () => jail.written().stderr.includes('bans by bpf'))
  lab.pipeline(`tail -n +1 -F ${log} | uwsgi-parse --socket http | ${bus('write requests')}`)
  return { lab, front }
}

function visit({ lab, front }: Host, from: string, path: string) {
  return lab.request({ from, to: front, path })
}
