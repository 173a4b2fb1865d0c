import t from 'tap'
import type { BanRecord } from '../../../lib/wire/record.js'
import type { Jail, JailOptions } from '../../../lib/xff-ban/jail/jail.js'
import { jailOf as anyJail, at, banRecord as ban, MINUTE_MS as MINUTE, START } from '../../support/bans.js'

const jailOf = (options: Partial<JailOptions> = {}) =>
  anyJail({ maxBans: 3, exempt: ip => (ip === '192.0.2.1' ? 'it is ours' : undefined), ...options })

t.test('a ban ends when its time is over, and the next one counts as the second', async t => {
  const jail = jailOf()
  t.match(jail.ban(ban('203.0.113.1', 0), START), {
    does: 'ban',
    ban: { ip: '203.0.113.1', until: START + 60 * MINUTE, record: { until: at(60), count: 1 } },
  })
  t.equal(jail.nextEnd(), START + 60 * MINUTE)
  t.match(jail.ban(ban('203.0.113.1', 5), START), {
    does: 'already-banned',
    decidedAt: START,
    at: START + 5 * MINUTE,
  })
  t.same(jail.unbanExpired(START + 60 * MINUTE - 1), [])
  t.same(jail.unbanExpired(START + 60 * MINUTE), [
    { type: 'unban', time: at(60), ip: '203.0.113.1', reason: 'expired' },
  ])
  t.same(jail.inForce(), [])
  t.same(jail.ban(ban('203.0.113.1', 60), START), { does: 'duplicate' }, 'no newer than the unban')
  t.match(jail.ban(ban('203.0.113.1', 61), START + 61 * MINUTE), {
    does: 'ban',
    ban: { record: { count: 2 } },
  })
})

t.test('bans end in the order of their ends, whatever the order in which they came', async t => {
  const jail = jailOf()
  for (const [ip, minutes] of [
    ['203.0.113.3', 3],
    ['203.0.113.1', 1],
    ['203.0.113.2', 2],
  ] as const) {
    jail.ban(ban(ip, minutes), START)
  }
  jail.unban({ type: 'unban', time: at(4), ip: '203.0.113.2' }, START)
  t.same(
    jail.unbanExpired(START + 90 * MINUTE).map(({ ip }) => ip),
    ['203.0.113.1', '203.0.113.3'],
  )
  t.equal(jail.nextEnd(), undefined)
})

t.test('a ban that was over when it came is history, and counts', async t => {
  const jail = jailOf()
  t.match(jail.ban(ban('203.0.113.1', 0), START + 60 * MINUTE), {
    does: 'history',
    records: [
      { type: 'ban', until: at(60) },
      { type: 'unban', time: at(60), reason: 'expired' },
    ],
  })
  t.same(
    jail.ban(ban('203.0.113.1', 10), START + 60 * MINUTE),
    { does: 'duplicate' },
    'it lay within that ban',
  )
  t.match(jail.ban(ban('203.0.113.1', 70), START + 71 * MINUTE), {
    does: 'ban',
    ban: { record: { count: 2 } },
  })
})

t.test('a record needs no more than type and ip', async t => {
  const jail = jailOf()
  t.match(jail.ban({ type: 'ban', ip: '2001:DB8::0/64' }, START), {
    does: 'ban',
    ban: { record: { type: 'ban', time: at(0), ip: '2001:db8::/64', until: at(60), count: 1 } },
  })
  t.match(jail.unban({ type: 'unban', ip: '2001:db8::/64' }, START + 1), {
    does: 'unban',
    record: { reason: 'asked' },
  })
  t.same(jail.unban({ type: 'unban', ip: '2001:db8::/64' }, START + 2), { does: 'duplicate' })
})

t.test('a ban of another jail keeps its end and its count', async t => {
  const record: BanRecord = { ...ban('203.0.113.1', 0), until: at(7), count: 4 }
  t.match(jailOf().ban(record, START), { ban: { until: START + 7 * MINUTE, record: { count: 4 } } })
})

t.test('an exempt address and a text that is no address are refused', async t => {
  t.same(jailOf().ban(ban('192.0.2.1', 0), START), { does: 'refuse', reason: 'it is ours' })
  t.same(jailOf().ban(ban('no address', 0), START), { does: 'refuse', reason: 'not an address' })
})

t.test('a jail recalled from its records is as it was', async t => {
  const before = jailOf()
  const told = [ban('203.0.113.1', 0), ban('203.0.113.2', 1)].flatMap(record => {
    const decision = before.ban(record, START)
    return decision.does === 'ban' ? [decision.ban.record] : []
  })
  const after = jailOf()
  for (const record of [...told, { type: 'unban' as const, time: at(2), ip: '203.0.113.1' }])
    after.recall(record)
  t.same(after.inForce(), before.inForce().slice(1))
  t.same(after.ban(ban('203.0.113.1', 2), START), { does: 'duplicate' })
  t.match(after.ban(ban('203.0.113.1', 3), START), { ban: { record: { count: 2 } } })
})

t.test('beyond the maximum number of bans the one that ends first is evicted', async t => {
  const jail = jailOf()
  for (const n of [2, 1, 3]) jail.ban(ban(`203.0.113.${n}`, n), START)
  t.match(jail.ban(ban('203.0.113.4', 4), START + 5 * MINUTE), {
    does: 'ban',
    evicted: { type: 'unban', ip: '203.0.113.1', time: at(5), reason: 'evicted' },
  })
  t.same(
    jail.ban(ban('203.0.113.1', 5), START + 6 * MINUTE),
    { does: 'duplicate' },
    'it is a repeat until then',
  )
  const short: BanRecord = { ...ban('203.0.113.5', 6), until: at(8) }
  t.match(
    jail.ban(short, START + 7 * MINUTE),
    { does: 'history', records: [{ type: 'ban' }, { type: 'unban', reason: 'evicted', time: at(7) }] },
    'if it is the new one that ends first, it does not come in',
  )
  const smaller = jailOf({ maxBans: 1 })
  for (const record of jail.records()) smaller.recall(record)
  t.same(
    smaller.unbanSurplus(START + 9 * MINUTE).map(({ ip }) => ip),
    ['203.0.113.2', '203.0.113.3'],
  )
})

t.test('a ban longer ago than addresses are remembered does not count', async t => {
  const count = (jail: Jail, minutes: number) => {
    const decision = jail.ban(ban('203.0.113.1', minutes), START + minutes * MINUTE)
    jail.unbanExpired(START + (minutes + 60) * MINUTE)
    return decision.does === 'ban' ? decision.ban.record.count : decision
  }
  const jail = jailOf({ rememberMs: 100 * MINUTE })
  t.equal(count(jail, 0), 1)
  t.equal(count(jail, 160), 2, '100 minutes after the end')
  t.equal(count(jail, 321), 1, '101 minutes after it')
  jail.ban(ban('203.0.113.2', 600), START + 600 * MINUTE)
  jail.pruneHistory(jail.newest())
  t.same(jail.size(), 1, 'and not written down any more')
})

t.test('how long a ban lasts depends on the number of bans before', async t => {
  const jail = jailOf({ banMs: count => count * MINUTE })
  t.match(jail.ban(ban('203.0.113.1', 0), START), { ban: { until: START + MINUTE } })
  jail.unbanExpired(START + MINUTE)
  t.match(jail.ban(ban('203.0.113.1', 5), START + 5 * MINUTE), { ban: { until: START + 7 * MINUTE } })
})

t.test('an unban covers all failures behind the ban: a replay does not bring it back', async t => {
  const jail = jailOf()
  jail.ban(ban('203.0.113.1', 0), START)
  jail.ban(ban('203.0.113.1', 50), START + 50 * MINUTE)
  t.match(jail.unban({ type: 'unban', time: at(20), ip: '203.0.113.1' }, START + 50 * MINUTE), {
    record: { time: at(50) },
  })
  const after = jailOf()
  for (const record of jail.records()) after.recall(record)
  t.same(after.ban(ban('203.0.113.1', 50), START), { does: 'duplicate' })
})

t.test('a ban of a log that is ahead of the clock can be ended', async t => {
  const jail = jailOf()
  jail.ban(ban('203.0.113.1', 5), START)
  t.match(jail.unban({ type: 'unban', ip: '203.0.113.1' }, START), { does: 'unban', record: { time: at(5) } })
})

t.test('a ban far ahead of the clock counts as of now: it forgets nobody, and ends', async t => {
  const jail = jailOf()
  jail.ban(ban('203.0.113.1', 0), START)
  jail.unbanExpired(START + 60 * MINUTE)
  const now = START + 61 * MINUTE
  const future: BanRecord = { type: 'ban', ip: '203.0.113.2', time: '2100-01-01T00:00:00.000Z' }
  t.match(jail.ban(future, now), { does: 'ban', ban: { until: now + 60 * MINUTE, record: { time: at(61) } } })
  jail.pruneHistory(now)
  t.match(jail.ban(ban('203.0.113.1', 61), now), { does: 'ban', ban: { record: { count: 2 } } })
  t.match(
    jail.ban(ban('203.0.113.2', 62), now + MINUTE),
    { does: 'already-banned' },
    'nor makes it duplicates',
  )
  t.match(
    jail.unban({ type: 'unban', ip: '203.0.113.2', time: '2100-01-01T00:00:00.000Z' }, now + 2 * MINUTE),
    {
      does: 'unban',
      record: { time: at(63) },
    },
  )
})

t.test('the last end and the greatest count can be read back', async t => {
  const jail = jailOf()
  const last = Date.parse('9999-12-31T23:59:59.000Z')
  const record: BanRecord = { ...ban('203.0.113.1', 0), time: new Date(last).toISOString() }
  const decision = jail.ban({ ...record, count: Number.MAX_SAFE_INTEGER }, last)
  t.match(decision, {
    ban: { record: { until: '9999-12-31T23:59:59.999Z', count: Number.MAX_SAFE_INTEGER } },
  })
  jail.unban({ type: 'unban', ip: '203.0.113.1' }, last)
  t.match(
    jail.ban({ ...record, until: '9999-12-31T23:59:59.999Z', time: '9999-12-31T23:59:59.500Z' }, last),
    {
      ban: { record: { count: Number.MAX_SAFE_INTEGER } },
    },
  )
})

t.test('thousands of bans and unbans of one address keep the order of ends', async t => {
  const jail = jailOf()
  for (let i = 0; i < 3000; i++) {
    jail.ban({ ...ban('203.0.113.1', 0), time: new Date(START + 2 * i).toISOString() }, START)
    jail.unban({ type: 'unban', ip: '203.0.113.1', time: new Date(START + 2 * i + 1).toISOString() }, START)
  }
  jail.ban(ban('203.0.113.2', 1), START)
  t.equal(jail.nextEnd(), START + 61 * MINUTE)
  t.equal(jail.unbanExpired(START + 61 * MINUTE).length, 1)
})

t.test('an unban that finds no ban keeps an older one from coming after it', async t => {
  const jail = jailOf()
  const unban = { type: 'unban', time: at(5), ip: '203.0.113.1' } as const
  t.match(jail.unban(unban, START), { does: 'history', records: [unban] })
  t.same(jail.unban(unban, START), { does: 'duplicate' })
  const after = jailOf()
  for (const record of jail.records()) after.recall(record)
  for (const one of [jail, after]) {
    t.same(one.ban(ban('203.0.113.1', 4), START), { does: 'duplicate' })
    t.match(one.ban(ban('203.0.113.1', 6), START + 6 * MINUTE), {
      does: 'ban',
      ban: { record: { count: 1 } },
    })
  }
})
