/** What is held back while too many clients would be banned at once, and that nobody can keep it back for good. */
import t from 'tap'
import type { BanRecord, TallyRecord } from '../../../lib/wire/record.js'
import { nullBackend } from '../../../lib/xff-ban/backend/null.js'
import { createBrake } from '../../../lib/xff-ban/jail/brake.js'
import { createDecider, type Order } from '../../../lib/xff-ban/jail/decide.js'
import type { JailOptions } from '../../../lib/xff-ban/jail/jail.js'
import { address, at, banRecord, jailOf, MINUTE_MS, START } from '../../support/bans.js'

const tally = (minutes: number, clients: number): TallyRecord => ({
  ...{ type: 'tally', time: at(minutes), requests: 9_000, failures: 900, errors: 0, clients },
})
const bans = (from: number, to: number, minutes: number): BanRecord[] =>
  Array.from({ length: to - from }, (_, i) => banRecord(address(from + i), minutes))

/** A decider whose clock is that of the records, or `now`; it holds 5 minutes, beyond 5 % of the clients. */
function braked({ now, ...options }: Partial<JailOptions> & { now?: () => number } = {}) {
  const jail = jailOf({ maxBans: 100_000, ...options })
  const said: string[] = []
  const warn = (message: string) => said.push(message)
  const brake = createBrake({ share: 0.05, holdMs: 5 * MINUTE_MS, warn })
  const silent = () => {}
  const decider = createDecider({
    ...{ jail, brake, now, warn, clockStep: () => 0, backend: nullBackend() },
    warnings: { banned: silent, stillFailing: silent, refused: silent, ahead: silent, dated: silent },
  })
  const decide = (...records: (Order | TallyRecord)[]) =>
    decider.decide(records.map(order => ({ order }))).carriedOut
  return {
    ...{ jail, brake, said, decider, decide },
    /** how many records of each type came of these */
    count(...records: (Order | TallyRecord)[]) {
      const counts: Record<string, number> = {}
      for (const { type } of decide(...records)) counts[type] = (counts[type] ?? 0) + 1
      return counts
    },
    /** The replies to orders of a person. */
    ask(...orders: Order[]) {
      const replies: unknown[] = []
      const { replies: send } = decider.decide(
        orders.map(order => ({ order, reply: reply => replies.push(reply) })),
      )
      for (const one of send) one()
      return replies
    },
  }
}

t.test('bans beyond the share of the clients seen are held back, and it is said once', async t => {
  const { count, brake, said } = braked()
  t.same(count(tally(0, 600), ...bans(0, 100, 1)), { ban: 30, held: 70 })
  t.match(brake.held()[0], {
    type: 'held',
    ip: address(30),
    time: at(1),
    falls: at(6),
    reason: '30 new bans within 10 minutes, of 600 clients seen',
  })
  t.match(said, [/^bans are held back: 30 new bans .* xff-ban drop .* xff-ban release /])
  t.equal(said.length, 1)
})

t.test('twenty bans fall however few clients there are', async t => {
  t.same(braked().count(tally(0, 3), ...bans(0, 25, 1)), { ban: 20, held: 5 })
})

t.test(
  'only the bans and the tallies of the last 10 minutes count, of these the one with most clients',
  async t => {
    const { count } = braked()
    t.same(count(tally(0, 1_000), tally(5, 10), ...bans(0, 60, 9)), { ban: 50, held: 10 })
    const later = braked()
    t.same(later.count(tally(0, 1_000), tally(9, 10), ...bans(0, 60, 11)), { ban: 20, held: 40 }, 'too old')
    t.same(later.count(tally(35, 10), ...bans(100, 110, 35)).held, undefined, 'the bans are too old')
  },
)

t.test('without tallies nothing is held back, which is said once', async t => {
  const { count, said } = braked()
  t.same(count(...bans(0, 100, 1)), { ban: 100 })
  t.match(said, [/^--brake has nothing to go by, .* xff-window --tallies$/])
  t.equal(said.length, 1)
  t.same(count(tally(20, 10), ...bans(100, 130, 20)), { ban: 20, held: 10 })
  t.same(count(...bans(200, 240, 35)).held, undefined, 'the tallies have ended')
  t.equal(said.filter(text => text.includes('nothing to go by')).length, 2)
})

t.test('a botnet delays bans and prevents none, whatever it sends meanwhile', async t => {
  const { count, decide, jail, brake } = braked()
  const bots = bans(0, 5_000, 1)
  t.same(count(tally(0, 100), ...bots), { ban: 20, held: 4_980 })
  // more of them, tallies that shrink, and all of them failing on
  for (const minute of [2, 3, 4, 5]) {
    decide(
      tally(minute, 1),
      ...bans(5_000 + minute * 100, 5_100 + minute * 100, minute),
      ...bans(0, 5_000, minute),
    )
    t.equal(jail.inForce().length, 20, 'failing on neither lets it fall nor puts it off')
  }
  const fallen = decide(tally(6, 1)).filter(({ type }) => type === 'ban')
  t.equal(fallen.length, 4_980)
  t.match(fallen[0], { ip: address(20), time: at(6), until: at(66), count: 1 }, 'as long as any ban')
  decide(tally(10, 1))
  t.equal(jail.inForce().length, 5_400)
  t.equal(brake.held().length, 0)
  // the second time none of them waits, though the brake holds others
  decide(tally(70, 1))
  t.equal(jail.inForce().length, 0)
  t.same(count(tally(71, 1), ...bans(6_000, 6_021, 71), ...bans(0, 5_000, 71)), { ban: 5_020, held: 1 })
})

t.test('a ban that is held back for longer than it lasts falls all the same', async t => {
  const { count, decide } = braked({ banMs: () => MINUTE_MS })
  t.same(count(tally(0, 1), ...bans(0, 21, 0)), { ban: 20, held: 1 })
  const ip = address(20)
  t.match(
    decide(tally(9, 1)).filter(record => record.ip === ip),
    [
      { type: 'ban', time: at(5), until: at(6) },
      { type: 'unban', time: at(6), reason: 'expired' },
    ],
  )
})

t.test('by the wall clock a ban that is held back falls when its time has come', async t => {
  let now = START
  const { count, decide, decider } = braked({ now: () => now })
  t.same(count(tally(0, 1), ...bans(0, 21, 0)), { ban: 20, held: 1 })
  t.equal(decider.nextChange(), START + 5 * MINUTE_MS)
  now += 5 * MINUTE_MS
  t.match(decide(), [{ type: 'ban', ip: address(20), time: at(5), until: at(65) }])
  t.equal(decider.nextChange(), START + 60 * MINUTE_MS)
})

t.test('beyond ten thousand the oldest falls', async t => {
  const { decide, jail, brake } = braked()
  decide(tally(0, 1), ...bans(0, 10_030, 0))
  decide(tally(0, 1))
  t.equal(brake.held().length, 10_000)
  t.equal(jail.inForce().length, 30)
})

t.test('bans that people ask for, and bans with an end of their own, are never held back', async t => {
  const { count, ask } = braked()
  const until = at(90)
  t.same(count(tally(0, 1), ...bans(0, 21, 0)), { ban: 20, held: 1 })
  t.match(ask({ type: 'ban', ip: address(50) }), [{ type: 'ban', ip: address(50) }])
  t.same(count({ type: 'ban', ip: address(51), until }), { ban: 1 })
  t.match(ask({ type: 'ban', ip: address(20) }), [{ type: 'ban' }], 'also of one that is held back')
  t.match(ask({ type: 'drop', ip: address(20) }), [{ type: 'unchanged', reason: 'not held back' }])
})

t.test('people release and drop what is held back', async t => {
  const { ask, count, decide, brake, jail } = braked()
  decide(tally(0, 1), ...bans(0, 24, 0))
  const [first, second, third, fourth] = [20, 21, 22, 23].map(address) as [string, string, string, string]
  t.match(ask({ type: 'release', ip: first }), [{ type: 'ban', ip: first, until: at(60), count: 1 }])
  t.match(ask({ type: 'drop', ip: second }), [{ type: 'held', ip: second }])
  t.match(ask({ type: 'unban', ip: third }), [{ type: 'unchanged', ip: third }], 'unban drops it, too')
  t.same(
    brake.held().map(({ ip }) => ip),
    [fourth],
  )
  t.same(count(banRecord(second, 1)), { held: 1 }, 'who is dropped and fails on is held back anew')
  decide(tally(5, 1))
  t.ok(jail.inForce().some(({ ip }) => ip === fourth))
  t.notOk(jail.inForce().some(({ ip }) => ip === second || ip === third))
})

t.test('nothing that is held back is journaled before it falls', async t => {
  const { decider, decide } = braked()
  decide(tally(0, 1), ...bans(0, 20, 0))
  const [held] = bans(20, 21, 0)
  const { journaled, changes } = decider.decide([{ order: held as BanRecord }])
  t.same({ journaled, changes }, { journaled: [], changes: [] })
  t.match(decider.decide([{ order: tally(5, 1) }]), {
    journaled: [{ type: 'ban', ip: address(20) }],
    changes: [{ ban: { ip: address(20) } }],
  })
})
