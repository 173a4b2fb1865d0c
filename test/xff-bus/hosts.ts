/** Which hosts are silent, and of which the clock or the records are wrong. */
import t from 'tap'
import { clockOffset, createHosts } from '../../lib/xff-bus/hosts.js'

const AT = Date.parse('2026-11-22T14:00:00Z')
const [MINUTE_MS, HOUR_MS] = [60_000, 3_600_000]

const batch = (from: string, at: number, clock?: number) => ({
  ...{ seq: 1, from, at, payload: Buffer.alloc(0) },
  headers: new Map(clock === undefined ? [] : [['Xff-Clock', String(clock)]]),
})

t.test('a host is silent after three minutes, and forgotten after an hour', async t => {
  const hosts = createHosts(30_000)
  hosts.hear(batch('web1', AT), false)
  hosts.hear(batch('web2', AT + MINUTE_MS), false)
  const silentAt = (now: number) => hosts.count(now).silent
  t.equal(silentAt(AT + 3 * MINUTE_MS), 0)
  t.equal(silentAt(AT + 3 * MINUTE_MS + 1), 1)
  t.equal(silentAt(AT + 5 * MINUTE_MS), 2)
  hosts.hear(batch('web1', AT + 5 * MINUTE_MS), false)
  t.equal(silentAt(AT + 5 * MINUTE_MS), 1)
  t.equal(silentAt(AT + HOUR_MS + 2 * MINUTE_MS), 1)
})

t.test('a clock is wrong until it is right; records that do not count are told for ten minutes', async t => {
  const hosts = createHosts(30_000)
  const wrongAt = (now: number) => hosts.count(now).wrong
  hosts.hear(batch('web1', AT, AT + 30_000), false)
  hosts.hear(batch('web2', AT), false)
  t.equal(wrongAt(AT), 0)
  hosts.hear(batch('web1', AT, AT - 30_001), false)
  t.equal(wrongAt(AT), 1)
  hosts.hear(batch('web1', AT, AT), false)
  t.equal(wrongAt(AT), 0)
  hosts.hear(batch('web2', AT, AT), true)
  hosts.hear(batch('web2', AT + MINUTE_MS, AT + MINUTE_MS), false)
  t.equal(wrongAt(AT + 10 * MINUTE_MS), 1)
  t.equal(wrongAt(AT + 10 * MINUTE_MS + 1), 0)
  t.ok(Number.isNaN(clockOffset(batch('web1', AT))))
  t.ok(Number.isNaN(clockOffset({ ...batch('web1', AT), headers: new Map([['Xff-Clock', '1e3']]) })))
})
