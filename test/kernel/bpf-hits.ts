/** One sees that a ban works: `list` tells what each has stopped, whether or not an xff-ban runs. */

import { waitFor } from '../support/wait-for.js'
import { ATTACKER, ATTACKER6, USER } from './addresses.js'
import { BPF } from './bpf/loaded.js'
import { createPolicedApp, state } from './bpf/policed-app.js'
import { APP, kernelTest } from './lab/needs.js'

kernelTest('list tells the hits of each ban', ['nginx', ...APP, ...BPF], async t => {
  const stage = await createPolicedApp(t)
  const { lab, refused } = stage
  const bans = [ATTACKER, '2001:db8:a::/64', USER].map(ip => `{"type":"ban","ip":"${ip}"}`).join(' ')
  const input = `(echo '${bans.replaceAll('} {', '}\n{')}'; exec tail -f /dev/null)`
  const pipeline = lab.pipeline(`${input} | exec xff-ban --port 3031 --packets bpf ${state(stage)}`)
  const list = async () => {
    const lines = await lab.command(['xff-ban', 'list', ...state(stage).split(' ')])
    const bans = lines.split('\n').map(line => JSON.parse(line))
    return bans.sort((a, b) => (a.ip < b.ip ? -1 : 1))
  }
  await waitFor('the bans', () => pipeline.records().length === 3)
  t.match(await list(), [{ hits: 0 }, { hits: 0 }, { hits: 0 }])
  const before = Date.now()
  for (const ip of [ATTACKER, ATTACKER, ATTACKER6]) await lab.request({ from: ip, to: stage.front })
  const [one, user, prefix] = await list()
  t.match(one, { ip: ATTACKER, hits: 2 })
  const at = Date.parse(one.last_hit)
  // it is read from another clock, and in whole seconds
  t.ok(at >= before - 2000 && at <= Date.now() + 2000, `the last one at ${one.last_hit}`)
  t.match(prefix, { ip: '2001:db8:a::/64', hits: 1 })
  t.match(user, { ip: USER, hits: 0 })
  t.notOk('last_hit' in user)
  await pipeline.kill(['xff-ban'])
  const expected = [one, user, prefix].map(({ ip, hits }) => ({ ip, hits }))
  t.match(await list(), expected, 'as well from the kernel when nobody runs')
  t.same(await refused(), [ATTACKER, ATTACKER6, USER])
})
