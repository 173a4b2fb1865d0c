/** What is read and decided faster than the rest, since a long attack is made of it: the same must come of it. */
import fc from 'fast-check'
import t from 'tap'
import { encodeLine, parseLine } from '../../lib/wire/jsonl.js'
import type { BanRecord } from '../../lib/wire/record.js'
import { nullBackend } from '../../lib/xff-ban/backend/null.js'
import { createAllowed } from '../../lib/xff-ban/jail/allowed.js'
import { createDecider, type Decider, type Order } from '../../lib/xff-ban/jail/decide.js'
import { createWarnings } from '../../lib/xff-ban/jail/warnings.js'
import { readOrdinaryBan } from '../../lib/xff-ban/ordinary-ban.js'
import { address, at, jailOf } from '../support/bans.js'
import { seeded } from '../support/seeded.js'

const ORDINARY: BanRecord = {
  type: 'ban',
  time: '2026-11-22T14:06:08.123Z',
  ip: '203.0.113.7',
  failures: 10,
  since: '2026-11-22T14:05:08.000Z',
  last: { status: 404, method: 'GET', uri: '/?x=1' },
}

t.test('a ban of the ordinary shape is read as any other', async t => {
  let ordinary = 0
  const field = (...odd: unknown[]) =>
    fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, fc.constantFrom(...odd))
  const record = fc.record({
    time: field('2026-02-29T14:06:08.123Z', '2026-11-22T14:06:60.123Z', '1969-12-31T23:59:59.999Z', '', 7),
    ip: field(
      '2001:db8::/64',
      '2001:db8::1',
      '2001:DB8::1',
      '::ffff:1.2.3.4',
      '1.2.3.4/33',
      '1.2.3.04',
      '1.2.3.4/24',
      1,
    ),
    failures: field(0, -1, 0.5, 999_999_999, 1e20, '1'),
    since: field('2026-11-31T14:06:08.123Z', '2026-11-22T14:06:08Z', '2026-11-22T24:06:08.123Z', null),
    last: field(
      {},
      { status: 404 },
      { status: 404, method: '', uri: 'é"\\\n' },
      { status: -1, method: 'GET', uri: '/' },
      [],
    ),
    more: fc.constantFrom({}, {}, {}, { rule: 'x' }, { until: '2026-11-22T15:06:08.123Z' }, { count: 2 }),
  })
  // a character is left out, put in or changed
  const edit = fc.option(
    fc.tuple(fc.nat(200), fc.nat(1), fc.constantFrom('', '0', ' ', '"', '}', '\\', '\u0001', 'é')),
    {
      freq: 3,
    },
  )
  fc.assert(
    fc.property(record, edit, ({ more = {}, ...odd }, edit) => {
      const given = Object.fromEntries(Object.entries(odd).filter(([, value]) => value !== undefined))
      const line = JSON.stringify({ ...ORDINARY, ...given, ...more })
      const [at, gone, put] = edit ?? [0, 0, '']
      const text = line.slice(0, at) + put + line.slice(at + gone)
      const full = parseLine(text, ['ban'])
      const fast = readOrdinaryBan(text)
      if (!fast) return true
      ordinary += 1
      t.strictSame(fast, full, text)
      return t.passing()
    }),
    seeded(t, 3000),
  )
  t.ok(ordinary > 100, `${ordinary} were of that shape`)
  t.ok(readOrdinaryBan(encodeLine(ORDINARY).trimEnd()), 'as xff-window writes it')
})

t.test('to decide on repeats at once comes to the same as with all others', async t => {
  const order = fc
    .tuple(fc.constantFrom('ban', 'ban', 'ban', 'unban', 'allow'), fc.nat(2), fc.nat(90))
    .map(([type, n, minute]) => ({ type, ip: address(n), time: at(minute) }) as Order)
  let repeats = 0
  fc.assert(
    fc.property(fc.array(order, { maxLength: 30 }), orders => {
      const atOnce = carriedOut(orders, (decider, order) => {
        const isRepeat = decider.decideRepeat(order)
        repeats += Number(isRepeat)
        return isRepeat
      })
      t.same(
        atOnce,
        carriedOut(orders, () => false),
      )
      return t.passing()
    }),
    seeded(t, 300),
  )
  t.ok(repeats > 100, `${repeats} were repeats`)
})

/** What comes of orders, but for those with which something else is done. */
function carriedOut(orders: readonly Order[], decides: (decider: Decider, order: Order) => boolean) {
  const warned: string[] = []
  const warn = (message: string) => void warned.push(message)
  const decider = createDecider({
    jail: jailOf({ allowed: createAllowed({ 4: 16, 6: 32 }) }),
    backend: nullBackend(),
    now: undefined,
    clockStep: () => 0,
    warnings: createWarnings({ storm: 1_000_000, hint: 'it has no effect', warn }),
    warn,
  })
  const batches = [decider.begin()]
  for (const order of orders) if (!decides(decider, order)) batches.push(decider.decide([{ order }]))
  const all = (part: 'carriedOut' | 'changes' | 'journaled') =>
    batches.flatMap((batch): unknown[] => batch[part])
  return [all('carriedOut'), all('changes'), all('journaled'), warned, decider.tally]
}
