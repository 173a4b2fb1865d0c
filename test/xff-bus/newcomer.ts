/** A host that is new has all bans at once, in their order: also where each was written by itself. */
import { connect, headers } from '@nats-io/transport-node'
import t from 'tap'
import { bus, type Nats, noNats, pipeline, setUpNats } from '../support/nats.js'
import { waitFor } from '../support/wait-for.js'

const BANS = 20_000
/** How many publications are under way at a time. */
const WIDTH = 500

t.test(`a new host has ${BANS} bans, each once and in order`, { skip: noNats }, async t => {
  for (const perBatch of [1, 20]) {
    const nats = await setUpNats(t)
    const now = Date.now()
    const bans = Array.from({ length: BANS }, (_, i) => ({
      ...{ type: 'ban', time: new Date(now - BANS + i).toISOString() },
      ...{ ip: `45.1.${i >> 8}.${i & 255}`, failures: 10 },
    }))
    const lines = bans.map(ban => `${JSON.stringify(ban)}\n`)
    await publish(nats, lines, perBatch)
    const since = performance.now()
    const host = pipeline(t, nats, `xff-bus read bans $SERVER | xff-ban --dry-run --max-bans ${2 * BANS}`)
    const told = () => host.said.stdout.split('\n').slice(0, -1)
    await waitFor('all bans', () => host.said.stdout.includes(bans.at(-1)?.ip ?? ''), { every: 5 })
    t.comment(
      `batches of ${perBatch}: ${Math.round(performance.now() - since)} ms from the start to the last ban`,
    )
    t.same(
      told().map(line => JSON.parse(line).ip),
      bans.map(({ ip }) => ip),
    )
    // what comes then comes behind them
    await bus(nats, 'write bans --from ops', '{"type":"unban","ip":"45.1.0.0"}\n')
    await waitFor('an unban', () => told().length > BANS)
    t.match(JSON.parse(told().at(-1) ?? ''), { type: 'unban', ip: '45.1.0.0' })
    await host.end('SIGTERM')
    await nats.kill()
  }
})

/** As a counter that decides on so many at once. */
async function publish({ urls }: Nats, lines: readonly string[], perBatch: number): Promise<void> {
  const connection = await connect({ servers: urls })
  const batches = Array.from({ length: Math.ceil(lines.length / perBatch) }, (_, i) =>
    lines.slice(i * perBatch, (i + 1) * perBatch).join(''),
  )
  for (let next = 0; next < batches.length; next += WIDTH) {
    await Promise.all(
      batches.slice(next, next + WIDTH).map((text, i) => {
        const marked = headers()
        marked.set('Xff-Batch', `${next + i + 1} c1${next + i === 0 ? ' first' : ''}`)
        return connection.request('xff.app.ban.count1', text, { headers: marked, timeout: 60_000 })
      }),
    )
  }
  await connection.close()
}
