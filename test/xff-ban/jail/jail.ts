import t from 'tap'
import type { BanRecord } from '../../../lib/wire/record.js'
import { createJail, type Jail, type Terms } from '../../../lib/xff-ban/jail/jail.js'

const MINUTE = 60_000
const START = Date.parse('2026-11-22T14:00:00.000Z')
const at = (minutes: number) => new Date(START + minutes * MINUTE).toISOString()
const ban = (ip: string, minutes: number): BanRecord => ({ type: 'ban', time: at(minutes), ip })
const jailOf = (terms: Partial<Terms> = {}) =>
  createJail({
    time: () => 60 * MINUTE,
    maxBans: 3,
    remember: 30 * 24 * 60 * MINUTE,
    exempt: ip => (ip === '192.0.2.1' ? 'it is ours' : undefined),
    ...terms,
  })

t.test('a ban, its end, and the next one', async t => {
  const jail = jailOf()
  t.match(jail.ban(ban('203.0.113.1', 0), START), {
    does: 'ban',
    ban: { ip: '203.0.113.1', until: START + 60 * MINUTE, record: { until: at(60), count: 1 } },
  })
  t.equal(jail.nextEnd(), START + 60 * MINUTE)
  t.match(jail.ban(ban('203.0.113.1', 5), START), { does: 'again', since: START, at: START + 5 * MINUTE })
  t.same(jail.expire(START + 60 * MINUTE - 1), [])
  t.same(jail.expire(START + 60 * MINUTE), [
    { type: 'unban', time: at(60), ip: '203.0.113.1', reason: 'expired' },
  ])
  t.same(jail.inForce(), [])
  t.same(jail.ban(ban('203.0.113.1', 60), START), { does: 'nothing' }, 'no newer than the unban')
  t.match(jail.ban(ban('203.0.113.1', 61), START + 61 * MINUTE), {
    does: 'ban',
    ban: { record: { count: 2 } },
  })
})

t.test('ends come in the order of time, whatever the order of bans', async t => {
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
    jail.expire(START + 90 * MINUTE).map(({ ip }) => ip),
    ['203.0.113.1', '203.0.113.3'],
  )
  t.equal(jail.nextEnd(), undefined)
})

t.test('what is over is history, and counts', async t => {
  const jail = jailOf()
  t.match(jail.ban(ban('203.0.113.1', 0), START + 60 * MINUTE), {
    does: 'past',
    records: [
      { type: 'ban', until: at(60) },
      { type: 'unban', time: at(60), reason: 'expired' },
    ],
  })
  t.same(jail.ban(ban('203.0.113.1', 10), START + 60 * MINUTE), { does: 'nothing' }, 'it lay within that ban')
  t.match(jail.ban(ban('203.0.113.1', 70), START + 71 * MINUTE), {
    does: 'ban',
    ban: { record: { count: 2 } },
  })
})

t.test('a person writes only type and ip', async t => {
  const jail = jailOf()
  t.match(jail.ban({ type: 'ban', ip: '2001:DB8::0/64' }, START), {
    does: 'ban',
    ban: { record: { type: 'ban', time: at(0), ip: '2001:db8::/64', until: at(60), count: 1 } },
  })
  t.match(jail.unban({ type: 'unban', ip: '2001:db8::/64' }, START + 1), {
    does: 'unban',
    record: { reason: 'asked' },
  })
  t.same(jail.unban({ type: 'unban', ip: '2001:db8::/64' }, START + 2), { does: 'nothing' })
})

t.test('another jail says until when', async t => {
  const record: BanRecord = { ...ban('203.0.113.1', 0), until: at(7), count: 4 }
  t.match(jailOf().ban(record, START), { ban: { until: START + 7 * MINUTE, record: { count: 4 } } })
})

t.test('refusals', async t => {
  t.same(jailOf().ban(ban('192.0.2.1', 0), START), { does: 'refuse', because: 'it is ours' })
  t.same(jailOf().ban(ban('no address', 0), START), { does: 'refuse', because: 'not an address' })
})

t.test('recalled, it is as it was', async t => {
  const before = jailOf()
  const told = [ban('203.0.113.1', 0), ban('203.0.113.2', 1)].flatMap(record => {
    const decision = before.ban(record, START)
    return decision.does === 'ban' ? [decision.ban.record] : []
  })
  const after = jailOf()
  for (const record of [...told, { type: 'unban' as const, time: at(2), ip: '203.0.113.1' }])
    after.recall(record)
  t.same(after.inForce(), before.inForce().slice(1))
  t.same(after.ban(ban('203.0.113.1', 2), START), { does: 'nothing' })
  t.match(after.ban(ban('203.0.113.1', 3), START), { ban: { record: { count: 2 } } })
})

t.test('beyond the bound the ban that ends first leaves', async t => {
  const jail = jailOf()
  for (const n of [2, 1, 3]) jail.ban(ban(`203.0.113.${n}`, n), START)
  t.match(jail.ban(ban('203.0.113.4', 4), START + 5 * MINUTE), {
    does: 'ban',
    evicted: { type: 'unban', ip: '203.0.113.1', time: at(5), reason: 'evicted' },
  })
  t.same(
    jail.ban(ban('203.0.113.1', 5), START + 6 * MINUTE),
    { does: 'nothing' },
    'it is a repeat until then',
  )
  const short: BanRecord = { ...ban('203.0.113.5', 6), until: at(8) }
  t.match(
    jail.ban(short, START + 7 * MINUTE),
    { does: 'past', records: [{ type: 'ban' }, { type: 'unban', reason: 'evicted', time: at(7) }] },
    'if it is the new one that ends first, it does not come in',
  )
  const smaller = jailOf({ maxBans: 1 })
  for (const record of jail.records()) smaller.recall(record)
  t.same(
    smaller.trim(START + 9 * MINUTE).map(({ ip }) => ip),
    ['203.0.113.2', '203.0.113.3'],
  )
})

t.test('an address is a stranger again when its ban is long ago', async t => {
  const count = (jail: Jail, minutes: number) => {
    const decision = jail.ban(ban('203.0.113.1', minutes), START + minutes * MINUTE)
    jail.expire(START + (minutes + 60) * MINUTE)
    return decision.does === 'ban' ? decision.ban.record.count : decision
  }
  const jail = jailOf({ remember: 100 * MINUTE })
  t.equal(count(jail, 0), 1)
  t.equal(count(jail, 160), 2, '100 minutes after the end')
  t.equal(count(jail, 321), 1, '101 minutes after it')
  jail.ban(ban('203.0.113.2', 600), START + 600 * MINUTE)
  jail.forget()
  t.same(jail.size(), 1, 'and not written down any more')
})

t.test('the nth ban has a time of its own', async t => {
  const jail = jailOf({ time: count => count * MINUTE })
  t.match(jail.ban(ban('203.0.113.1', 0), START), { ban: { until: START + MINUTE } })
  jail.expire(START + MINUTE)
  t.match(jail.ban(ban('203.0.113.1', 5), START + 5 * MINUTE), { ban: { until: START + 7 * MINUTE } })
})

t.test('an unban ends what the ban has stopped: a replay does not bring it back', async t => {
  const jail = jailOf()
  jail.ban(ban('203.0.113.1', 0), START)
  jail.ban(ban('203.0.113.1', 50), START)
  t.match(jail.unban({ type: 'unban', time: at(20), ip: '203.0.113.1' }, START), { record: { time: at(50) } })
  const after = jailOf()
  for (const record of jail.records()) after.recall(record)
  t.same(after.ban(ban('203.0.113.1', 50), START), { does: 'nothing' })
})

t.test('a log ahead of the clock keeps nobody from lifting a ban', async t => {
  const jail = jailOf()
  jail.ban(ban('203.0.113.1', 5), START)
  t.match(jail.unban({ type: 'unban', ip: '203.0.113.1' }, START), { does: 'unban', record: { time: at(5) } })
})

t.test('bans asked for and lifted by turns keep their order', async t => {
  const jail = jailOf()
  for (let i = 0; i < 3000; i++) {
    jail.ban({ ...ban('203.0.113.1', 0), time: new Date(START + 2 * i).toISOString() }, START)
    jail.unban({ type: 'unban', ip: '203.0.113.1', time: new Date(START + 2 * i + 1).toISOString() }, START)
  }
  jail.ban(ban('203.0.113.2', 1), START)
  t.equal(jail.nextEnd(), START + 61 * MINUTE)
  t.equal(jail.expire(START + 61 * MINUTE).length, 1)
})

t.test('an unban that finds no ban keeps an older one from coming after it', async t => {
  const jail = jailOf()
  const unban = { type: 'unban', time: at(5), ip: '203.0.113.1' } as const
  t.match(jail.unban(unban, START), { does: 'past', records: [unban] })
  t.same(jail.unban(unban, START), { does: 'nothing' })
  const after = jailOf()
  for (const record of jail.records()) after.recall(record)
  for (const one of [jail, after]) {
    t.same(one.ban(ban('203.0.113.1', 4), START), { does: 'nothing' })
    t.match(one.ban(ban('203.0.113.1', 6), START), { does: 'ban', ban: { record: { count: 1 } } })
  }
})
