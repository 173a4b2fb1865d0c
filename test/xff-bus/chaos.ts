/** One short round of what make fleet-chaos does for minutes: all that can be killed is killed, and nothing is lost. */
import t from 'tap'
import { chaos } from '../support/fleet/chaos.js'
import { hasNewerNats, noNats } from '../support/nats.js'

t.test(
  'while servers and pipelines are killed no record and no ban is lost or doubled',
  { skip: noNats },
  async t => {
    const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31))
    t.comment(`seed ${seed}`)
    const verdict = await chaos(t, {
      seed,
      hosts: 3,
      attackers: 60,
      lines: 2_000,
      duration: 14_000,
      // where there is no server that may have replicas, the only one is killed
      ...(hasNewerNats ? { nodes: 3, isNewer: true } : { nodes: 1, isNewer: false }),
      faults: ['writer', 'leader', 'counter', 'reader', 'writer', 'restart'],
      isRepeated: false,
      rest: 800,
      note: text => t.comment(text),
    })
    t.same(verdict, { records: 2_000, bans: 60, lost: [], doubled: [] })
  },
)
