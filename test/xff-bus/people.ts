/** What people decide is carried out on every host, and no replay undoes it. */
import t from 'tap'
import { bus, type Nats, noNats, pipeline, setUpNats } from '../support/nats.js'
import { requestLine } from '../support/requests.js'
import { waitFor } from '../support/wait-for.js'

type Test = Parameters<typeof pipeline>[0]

const hostOf = (t: Test, nats: Nats, name: string) =>
  pipeline(
    t,
    nats,
    `mkdir -p bans-${name}; xff-bus read bans --from ${name} $SERVER | xff-ban --dir bans-${name} --state ${name}.jsonl --name ${name}`,
  )

t.test(
  'ban, unban, flush and allow are everywhere, and stay when all is read again',
  { skip: noNats },
  async t => {
    const nats = await setUpNats(t)
    const names = ['web1', 'web2', 'web3']
    let hosts = names.map(name => hostOf(t, nats, name))
    const now = Date.now()
    const ips = ['203.0.113.1', '203.0.113.2', '203.0.113.3']
    const failures = ips.flatMap(ip =>
      Array.from({ length: 10 }, (_, i) => requestLine({ ip, time: now - 1000 + i })),
    )
    await bus(nats, 'write requests --from web1', failures.join(''))
    const count =
      'xff-bus read requests --end $SERVER | xff-window --late 630 | xff-bus write bans --from NAME $SERVER'
    pipeline(t, nats, count.replace('NAME', 'count1'))
    const listed = async (name: string) => {
      const { said, shell } = pipeline(t, nats, `xff-ban list --name ${name} --state ${name}.jsonl; echo end`)
      await waitFor(`the list of ${name}`, () => shell.exitCode !== null && said.stdout.endsWith('end\n'))
      return ips.filter(ip => said.stdout.includes(`"${ip}"`))
    }
    const everywhere = async (what: string, wanted: readonly string[]) => {
      const since = performance.now()
      await waitFor(what, async () => {
        const lists = await Promise.all(names.map(listed))
        return lists.every(list => list.join() === wanted.join())
      })
      t.comment(`${what}: ${Math.round(performance.now() - since)} ms, with the time to ask`)
    }
    const decide = (...records: object[]) =>
      bus(nats, 'write bans --from ops', records.map(record => `${JSON.stringify(record)}\n`).join(''))
    const heard = async (text: string) => {
      const since = performance.now()
      await waitFor(text, () => hosts.every(({ said }) => said.stdout.includes(text)), { every: 5 })
      t.comment(`${text}: ${Math.round(performance.now() - since)} ms on the last host`)
    }

    await everywhere('the bans', ips)
    await decide({ type: 'unban', ip: ips[0] })
    await heard('"type":"unban"')
    await everywhere('an unban', ips.slice(1))
    await decide({ type: 'allow', ip: ips[1], note: 'a partner' })
    await everywhere('an allowance', ips.slice(2))
    await decide(...ips.map(ip => ({ type: 'unban', ip })))
    await everywhere('a flush', [])

    const again = pipeline(t, nats, count.replace('NAME', 'count2'))
    await waitFor('a counter that replays', () => again.said.stderr.includes('0 decisions written'))
    await Promise.all(hosts.map(({ end }) => end('SIGTERM')))
    hosts = names.map(name => hostOf(t, nats, name))
    // behind all that is replayed
    await decide({ type: 'ban', ip: '198.51.100.9' })
    await heard('198.51.100.9')
    await everywhere('hosts that replay', [])
    await decide({ type: 'ban', ip: ips[1] }, { type: 'ban', ip: '198.51.100.10' })
    await heard('198.51.100.10')
    await everywhere('who is allowed is not banned', [])
  },
)
