/** What an xff-ban that bans in the kernel finds out, and says, when it starts. */
import { waitFor } from '../support/wait-for.js'
import { BPF } from './bpf/loaded.js'
import { createPolicedApp, state } from './bpf/policed-app.js'
import type { Lab } from './lab/lab.js'
import { APP, kernelTest, PACKET_FILTER } from './lab/needs.js'

const NEEDS = ['nginx', ...APP, ...BPF]

/** Runs xff-ban in a shell to its end. @returns what it has said */
async function saysOf(lab: Lab, command: string): Promise<string> {
  const pipeline = lab.pipeline(command)
  await waitFor('its end', pipeline.ended)
  return pipeline.written().stderr
}

kernelTest(
  'a port on which nobody listens, and a template that is open at an end, are said at the start',
  [...NEEDS, ...PACKET_FILTER],
  async t => {
    const stage = await createPolicedApp(t)
    const { lab } = stage
    const start = (options: string) =>
      saysOf(lab, `xff-ban --port 3031 --port 3999 ${options} ${state(stage)} < /dev/null`)
    for (const packets of ['bpf', 'iptables']) {
      const said = await start(`--packets ${packets}`)
      t.equal(said.match(/nobody listens on port 3999 here.*nsenter --net=/g)?.length, 1, packets)
      t.notMatch(said, 'port 3031 here', 'somebody listens there')
    }
    t.notMatch(await start('--packets iptables --chain FORWARD'), 'nobody listens', 'it is not for here')
    t.match(await start("--match 'X-Real-IP: {ip}'"), /is a prefix match/)
  },
)
