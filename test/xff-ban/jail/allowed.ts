import fc from 'fast-check'
import t from 'tap'
import { contains, parsePrefix, prefixOf } from '../../../lib/net/prefix.js'
import { allowedTable } from '../../../lib/xff-ban/control/allowed-table.js'
import { createAllowed } from '../../../lib/xff-ban/jail/allowed.js'
import { createDecider } from '../../../lib/xff-ban/jail/decide.js'
import type { Jail } from '../../../lib/xff-ban/jail/jail.js'
import { createWarnings } from '../../../lib/xff-ban/jail/warnings.js'
import { at, banRecord, jailOf, MINUTE_MS as MINUTE, START } from '../../support/bans.js'
import { seeded } from '../../support/seeded.js'

const WIDEST = { 4: 16, 6: 32 }
const allow = (ip: string, minutes: number, end?: number) =>
  ({ type: 'allow', time: at(minutes), ip, ...(end === undefined ? {} : { until: at(end) }) }) as const
const disallow = (ip: string, minutes: number) => ({ type: 'disallow', time: at(minutes), ip }) as const

/** A jail that decides as xff-ban does, without a backend. */
function deciderOf(makesHoles: boolean) {
  const jail = jailOf({ allowed: createAllowed(WIDEST) })
  let now = START
  const warn = () => {}
  const decider = createDecider({
    ...{ jail, now: () => now, clockStep: () => 0, warn },
    backend: { refuses: () => undefined, makesHoles: () => makesHoles },
    warnings: createWarnings({ storm: 1_000, hint: undefined, warn }),
  })
  return {
    jail,
    decide: (order: Parameters<typeof decider.decide>[0][number]['order'], minutes: number) => {
      now = START + minutes * MINUTE
      return decider.decide([{ order }])
    },
    decider,
  }
}

t.test('an allowance that is replayed neither comes back nor moves', async t => {
  const allowed = createAllowed(WIDEST)
  t.match(allowed.allow(allow('203.0.113.7', 0, 60), START), { does: 'allow' })
  t.match(allowed.allow(allow('203.0.113.7', 0, 60), START), { does: 'nothing' })
  t.match(allowed.disallow(disallow('203.0.113.7', 5), START + 5 * MINUTE), { does: 'end' })
  t.match(allowed.allow(allow('203.0.113.7', 4), START + 6 * MINUTE), { does: 'nothing' })
  t.match(allowed.disallow(disallow('203.0.113.7', 5), START + 6 * MINUTE), { does: 'nothing' })
  t.match(allowed.allow({ type: 'allow', ip: '203.0.113.7' }, START), { does: 'allow' }, 'by hand, now')
  t.same(allowed.nextEnd(), undefined)
})

t.test('what somebody did while it was allowed bans nobody later', async t => {
  for (const end of [10, undefined]) {
    const { jail, decide } = deciderOf(true)
    decide(allow('203.0.113.0/24', 0, end), 0)
    t.same(decide(banRecord('203.0.113.7', 5), 5).changes, [])
    if (end === undefined) decide(disallow('203.0.113.0/24', 10), 10)
    decide(banRecord('203.0.113.7', 5), 12)
    t.same(jail.inForce(), [], 'also when the log is read again')
    decide(banRecord('203.0.113.7', 11), 12)
    t.match(jail.inForce(), [{ ip: '203.0.113.7' }])
  }
})

t.test('a record from the future counts as of now, and cannot keep others out', async t => {
  const allowed = createAllowed(WIDEST)
  t.match(allowed.allow(allow('203.0.113.7', 1_000_000), START), { record: { time: at(0) } })
  t.match(allowed.disallow(disallow('203.0.113.7', 1), START + MINUTE), { does: 'end' })
})

t.test('who is allowed ends by the time, and moves with a clock that is set', async t => {
  const allowed = createAllowed(WIDEST)
  allowed.allow(allow('203.0.113.7', 0, 30), START)
  allowed.allow(allow('203.0.113.8', 0, 20), START)
  allowed.allow(allow('203.0.113.9', 0), START)
  t.equal(allowed.nextEnd(), START + 20 * MINUTE)
  t.match(
    allowed.shift(10 * MINUTE).map(({ until }) => until),
    [at(40), at(30)],
  )
  t.same(allowed.endOver(START + 29 * MINUTE), [])
  t.match(
    allowed.endOver(START + 50 * MINUTE).map(({ record }) => [record.ip, record.time, record.reason]),
    [
      ['203.0.113.8', at(30), 'expired'],
      ['203.0.113.7', at(40), 'expired'],
    ],
  )
  t.same(allowed.inForce().length, 1)
})

t.test('there are at most ten thousand, and what they say is cut', async t => {
  const allowed = createAllowed(WIDEST)
  const note = 'x'.repeat(5000)
  for (let i = 0; i < 10_000; i++) {
    allowed.allow({ ...allow(`10.0.${i >> 8}.${i & 255}`, 0), note }, START)
  }
  t.match(allowed.allow(allow('10.1.0.0', 0), START), { does: 'refuse', reason: /10000 are allowed already/ })
  t.match(allowed.allow(allow('10.0.0.0', 1), START + MINUTE), { does: 'allow' }, 'one of them again')
  t.ok(JSON.stringify(allowed.inForce()).length < 5_000_000)
  const reason = allowed.reason('10.0.0.1') ?? ''
  t.ok(reason.length < 500, reason)
})

t.test('an allowance that has ended is remembered as long as bans are', async t => {
  const jail = jailOf({ rememberMs: 60 * MINUTE, allowed: createAllowed(WIDEST) })
  jail.allowed.allow(allow('203.0.113.7', 0, 10), START)
  jail.allowed.endOver(START + 10 * MINUTE)
  jail.pruneHistory(START + 60 * MINUTE)
  t.equal(jail.size(), 1)
  jail.pruneHistory(START + 71 * MINUTE)
  t.equal(jail.size(), 0)
})

t.test('the table is harmless on a terminal', async t => {
  const table = allowedTable(
    [
      { ...allow('203.0.113.7', 0), note: '\u001b[2J', by: 'alice' },
      { type: 'unban', time: at(0), ip: '203.0.113.8', until: at(90) },
    ],
    START,
  )
  t.match(table, /ALLOWED +ENDS IN +SINCE +BY +NOTE/)
  t.match(table, /203.0.113.7 +never +\S+ +alice +\\u\{1b\}\[2J/)
  t.match(table, /203.0.113.8 +1h 30m +\S+ +unbanned/)
})

t.test('at no time is anybody banned who is allowed, whatever comes', async t => {
  const ip = fc.constantFrom(
    ...['203.0.113.1', '203.0.113.2', '203.0.113.0/24', '203.0.113.0/30', '203.0.112.0/20'],
    ...['2001:db8::1', '2001:db8::/64', '2001:db8::/48'],
  )
  const order = fc.record({
    type: fc.constantFrom('ban', 'ban', 'unban', 'allow', 'disallow'),
    ip,
    later: fc.nat(20),
    lasts: fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined }),
    timed: fc.boolean(),
  })
  let spared = 0
  fc.assert(
    fc.property(fc.boolean(), fc.array(order, { maxLength: 25 }), (makesHoles, orders) => {
      const { jail, decide, decider } = deciderOf(makesHoles)
      const journal: Parameters<Jail['recall']>[0][] = []
      let minutes = 0
      for (const { type, ip, later, lasts, timed } of orders) {
        minutes += later
        const until = lasts === undefined ? {} : { until: at(minutes + lasts) }
        const given = { ...banRecord(ip, minutes), type, ...until }
        const { time: _, ...untimed } = given
        const batch = decide((timed ? given : untimed) as never, minutes)
        journal.push(...batch.journaled)
        check(jail, makesHoles)
      }
      const next = decider.nextChange()
      const ends = [jail.nextEnd(), jail.allowed.nextEnd()].filter(end => end !== undefined)
      if (next !== (ends.length > 0 ? Math.min(...ends) : undefined))
        throw new Error('the next end is missed')
      // what is recalled, of the journal or of a compacted one, is the same jail
      for (const records of [journal, [...jail.records()]]) {
        const again = jailOf({ allowed: createAllowed(WIDEST) })
        for (const record of records) again.recall(record)
        const sorted = (one: Jail) => [...one.records()].map(record => JSON.stringify(record)).sort()
        if (String(sorted(again)) !== String(sorted(jail)))
          throw new Error(`${sorted(again)} / ${sorted(jail)}`)
      }
      spared += jail.allowed.inForce().length
    }),
    seeded(t, 2000),
  )
  t.ok(spared > 500, `${spared} were allowed in the end`)
})

function check(jail: Jail, makesHoles: boolean): void {
  const targets = jail.allowed.inForce().map(({ ip }) => prefixOf(ip))
  for (const { ip } of jail.inForce()) {
    const ban = parsePrefix(ip) ?? prefixOf(ip)
    for (const target of targets) {
      const isHeld = target.length <= ban.length && contains(target, ban.network)
      const isHole = target.length > ban.length && contains(ban, target.network)
      if (isHeld || (isHole && !makesHoles)) throw new Error(`${ip} is banned`)
      if (isHole && jail.inside(ip).length === 0) throw new Error(`${ip} has no hole`)
    }
  }
}
