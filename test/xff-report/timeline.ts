import fc from 'fast-check'
import t from 'tap'
import { createTimeline } from '../../lib/xff-report/timeline.js'
import { seeded } from '../support/seeded.js'

const events = fc.array(
  fc.tuple(
    fc.oneof(fc.nat(300_000), fc.nat(10 ** 10), fc.nat(253_402_300_799_999)),
    fc.constantFrom('failures' as const, 'bans' as const),
  ),
  { minLength: 1, maxLength: 50 },
)

function fill(most: number, list: readonly (readonly [number, 'failures' | 'bans'])[]) {
  const timeline = createTimeline(most)
  for (const [time, what] of list) timeline.add(time, what)
  return timeline.buckets()
}

t.test('a timeline counts everything in a bounded number of buckets', async t => {
  fc.assert(
    fc.property(events, fc.integer({ min: 2, max: 50 }), (list, most) => {
      const { width, buckets } = fill(most, list)
      return (
        buckets.length <= most &&
        buckets.every(({ start, failures, bans }) => {
          const within = list.filter(([time]) => start <= time && time < start + width)
          const of = (what: string) => within.filter(([, kind]) => kind === what).length
          return failures === of('failures') && bans === of('bans')
        }) &&
        buckets.reduce((sum, { failures, bans }) => sum + failures + bans, 0) === list.length
      )
    }),
    seeded(t, 1000),
  )
})

t.test('a timeline does not depend on the order of what it counts', async t => {
  fc.assert(
    fc.property(events, list => {
      const [there, back] = [fill(20, list), fill(20, list.toReversed())]
      return JSON.stringify(there) === JSON.stringify(back)
    }),
    seeded(t, 500),
  )
})

t.test('the buckets of a timeline are as narrow as their number allows', async t => {
  t.equal(
    fill(168, [
      [0, 'bans'],
      [167_999, 'bans'],
    ]).width,
    1000,
  )
  t.equal(
    fill(168, [
      [0, 'bans'],
      [168_000, 'bans'],
    ]).width,
    5000,
  )
  t.strictSame(fill(168, []), { width: 1000, buckets: [] } as never)
})
