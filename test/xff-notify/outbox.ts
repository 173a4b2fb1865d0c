import t from 'tap'
import type { AnyRecord } from '../../lib/wire/record.js'
import {
  createOutbox,
  type Deliver,
  type Item,
  type OutboxOptions,
  RefusedError,
} from '../../lib/xff-notify/outbox.js'

const item = (ip: string, padding = ''): Item => {
  const record: AnyRecord = { type: 'ban', ip }
  return { record, line: `${JSON.stringify(record)}${padding}\n` }
}
const ips = (items: readonly Item[]) => items.map(({ record }) => ('ip' in record ? record.ip : null))

/** An outbox that never waits long by itself. */
function outbox(deliver: Deliver<AnyRecord>, options: Partial<OutboxOptions<AnyRecord>> = {}) {
  const said: string[] = []
  const made = createOutbox({
    name: 'mail',
    gather: 3_600_000,
    batch: 1000,
    retry: { first: 1, longest: 4 },
    deliver,
    warn: message => said.push(message),
    ...options,
  })
  return { ...made, said }
}

t.test('records that come within the time of gathering are one delivery', async t => {
  const delivered: (string | null)[][] = []
  const { put, close, tally } = outbox(async items => void delivered.push(ips(items)))
  put(item('203.0.113.1'))
  put(item('203.0.113.2'))
  await close(60_000)
  t.same(delivered, [['203.0.113.1', '203.0.113.2']])
  t.match(tally, { deliveries: 1, sent: 2, unsent: 0 })
})

t.test('a full batch does not wait for the gathering to end', async t => {
  const { put, close, tally } = outbox(async () => {}, { batch: 3 })
  const sizes = await new Promise<number>(resolve => {
    const full = outbox(async items => resolve(items.length), { batch: 3 })
    for (const last of [1, 2, 3]) full.put(item(`203.0.113.${last}`))
  })
  t.equal(sizes, 3)
  for (let i = 0; i < 7; i++) put(item('203.0.113.1'))
  await close(60_000)
  t.match(tally, { deliveries: 3, sent: 7 })
})

t.test('a failure is tried again, with the same records, until it works', async t => {
  const attempts: (string | null)[][] = []
  const { put, close, tally, said } = outbox(async items => {
    attempts.push(ips(items))
    if (attempts.length < 4) throw new Error('no route')
  })
  put(item('203.0.113.1'))
  await close(60_000)
  t.same(attempts, Array(4).fill(['203.0.113.1']))
  t.match(tally, { deliveries: 1, sent: 1 })
  t.equal(said.length, 3)
  t.match(said[0], /^mail: no route; 1 waiting, next attempt in 1 s$/)
})

t.test('a batch that is refused for good is discarded, and the others are delivered', async t => {
  const { put, close, tally, said } = outbox(
    async items => {
      if (ips(items).includes('203.0.113.1')) throw new RefusedError('no such user')
    },
    { batch: 1 },
  )
  put(item('203.0.113.1'))
  put(item('203.0.113.2'))
  await close(60_000)
  t.match(tally, { sent: 1, refused: 1, unsent: 0 })
  t.same(said, ['mail: refused: no such user; 1 record discarded'])
})

t.test(
  'an outbox that is closed waits for its deliveries until the deadline, and counts what is left',
  async t => {
    let skippedFirst = false
    const { put, close, tally } = outbox(
      (_, { stop, skipExtras }) =>
        new Promise((_, reject) => {
          skipExtras.addEventListener('abort', () => {
            skippedFirst = !stop.aborted
          })
          stop.addEventListener('abort', () => reject(new Error('time is up')))
        }),
      { batch: 2 },
    )
    for (let i = 0; i < 5; i++) put(item('203.0.113.1'))
    await close(20)
    t.match(tally, { sent: 0, unsent: 5 })
    t.ok(skippedFirst, 'extras are skipped before that')
  },
)

t.test('a server that is away costs the oldest records, counted, and no memory', async t => {
  const delivered: (string | null)[] = []
  const { put, close, tally, said } = outbox(async items => void delivered.push(...ips(items)), {
    batch: 20_000,
  })
  for (let i = 0; i < 10_500; i++) put(item(`198.51.${i >> 8}.${i & 255}`))
  t.equal(tally.dropped, 500)
  t.match(said, ['mail: too many records are waiting; the oldest are dropped'], 'said once')
  for (let i = 0; i < 300; i++) put(item('203.0.113.1', ' '.repeat(65_000)))
  await close(60_000)
  t.equal(delivered.at(-1), '203.0.113.1')
  t.ok(delivered.length < 300, `${delivered.length} long lines fill the room too`)
  t.equal(tally.dropped + tally.sent, 10_800)
})
