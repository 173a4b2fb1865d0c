/** Who fails on several hosts, on none of them often enough, is refused on all of them by their kernel programs. */
import { createApps } from '../support/fleet/apps.js'
import { setUpNats } from '../support/nats.js'
import { USER } from './addresses.js'
import { BPF } from './bpf/loaded.js'
import { APP, kernelTest } from './lab/needs.js'

const HOSTS = 3
const CLIENTS = ['203.0.113.1', '203.0.113.2', '203.0.113.3']

kernelTest(
  'an attacker who spreads over three hosts is refused on all of them',
  ['nginx', 'nats-server', 'nsenter', ...APP, ...BPF],
  async t => {
    const apps = await createApps(t, await setUpNats(t), { hosts: HOSTS, clients: CLIENTS })
    for (const client of CLIENTS) {
      t.same(await apps.ask(client), [200, 200, 200], 'before')
      const times = await apps.attack(client)
      t.comment(`refused ${times.map(Math.round).join(', ')} ms after the tenth failure`)
      t.same(await apps.ask(client), [403, 403, 403], 'and after')
    }
    t.same(await apps.ask(USER), [200, 200, 200], 'and nobody else')
  },
)
