import t from 'tap'
import type { BanRecord } from '../../lib/wire/record.js'
import { createBanHistory } from '../../lib/xff-report/bans.js'

const at = (seconds: number) => new Date(Date.UTC(2026, 10, 22) + seconds * 1000).toISOString()
const ms = (seconds: number) => Date.parse(at(seconds))
const ban = (ip: string, time: number, more: Partial<BanRecord> = {}): BanRecord => ({
  type: 'ban',
  ip,
  time: at(time),
  ...more,
})
const unban = (ip: string, time: number) => ({ type: 'unban', ip, time: at(time) }) as const

t.test('a ban is in force from its time until its end', async t => {
  const bans = createBanHistory(10_000)
  t.ok(bans.ban(ban('203.0.113.7', 0)))
  t.ok(bans.ban(ban('203.0.113.8', 5, { until: at(60), count: 3 })))
  const inForce = (seconds: number) => bans.inForce(ms(seconds)).map(({ ip }) => ip)
  t.strictSame(inForce(4), ['203.0.113.7'])
  t.strictSame(inForce(9), ['203.0.113.8', '203.0.113.7'], 'the latest end first')
  t.strictSame(inForce(10), ['203.0.113.8'])
  t.strictSame(inForce(60), [])
  t.equal(bans.countOf('203.0.113.8'), 3)
})

t.test('a ban that is recorded twice is one ban', async t => {
  const bans = createBanHistory(10_000)
  t.ok(bans.ban(ban('203.0.113.7', 0)))
  t.notOk(bans.ban(ban('203.0.113.7', 0, { until: at(60) })), 'by xff-ban, and it knows the end')
  t.match(bans.inForce(ms(59)), [{ until: ms(60), count: 1 }])
  t.notOk(bans.ban(ban('203.0.113.7', 30)), 'a decision about somebody who is banned')
  t.ok(bans.ban(ban('203.0.113.7', 61)))
  t.equal(bans.countOf('203.0.113.7'), 2)
  t.notOk(bans.ban(ban('203.0.113.7', 0)), 'the past, told late')
})

t.test('an unban ends the ban of its address', async t => {
  const bans = createBanHistory(10_000)
  bans.ban(ban('203.0.113.7', 5))
  bans.unban(unban('203.0.113.7', 4))
  t.equal(bans.inForce(ms(6)).length, 1, 'not one from before it')
  bans.unban(unban('203.0.113.7', 6))
  bans.unban(unban('203.0.113.99', 6))
  t.equal(bans.inForce(ms(6)).length, 0)
  t.notOk(bans.ban(ban('203.0.113.7', 5, { until: at(60) })), 'the same ban, read again')
  t.equal(bans.inForce(ms(7)).length, 0)
})

t.test('hits belong to the last ban of their address', async t => {
  const bans = createBanHistory(10_000)
  bans.ban(ban('203.0.113.7', 0))
  bans.hit({ type: 'hit', ip: '203.0.113.7', hits: 12 })
  bans.hit({ type: 'hit', ip: '203.0.113.8', hits: 1 })
  t.match(bans.inForce(ms(1)), [{ hits: 12 }])
})

t.test('the history of bans is bounded', async t => {
  const bans = createBanHistory(10_000)
  for (let i = 0; i < 100_001; i++) bans.ban(ban(`2001:db8::${i.toString(16)}`, 0))
  const { length } = bans.inForce(ms(1))
  t.ok(length > 80_000 && length <= 100_000, `${length} addresses are kept`)
  t.notOk(bans.complete())
  t.ok(bans.ban(ban('203.0.113.7', 0, { last: { uri: 'x'.repeat(60_000) } })))
  t.equal(bans.inForce(ms(1)).find(({ ip }) => ip === '203.0.113.7')?.last?.uri?.length, 201)
})
