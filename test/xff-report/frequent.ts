import fc from 'fast-check'
import t from 'tap'
import { createCounter } from '../../lib/xff-report/frequent.js'
import { seeded } from '../support/seeded.js'

/** Some keys that come often among many that come once. */
const streams = fc.array(
  fc.oneof(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 6, max: 400 })).map(String),
  {
    maxLength: 600,
  },
)
const CAPACITY = 16

function exact(stream: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const key of stream) counts.set(key, (counts.get(key) ?? 0) + 1)
  return counts
}

t.test('counts are exact while all keys are watched', async t => {
  fc.assert(
    fc.property(streams, stream => {
      const counter = createCounter(() => ({}), 1000)
      for (const key of stream) counter.count(key)
      const counts = exact(stream)
      return (
        counter.complete() &&
        counter.size() === counts.size &&
        counter.top(1000).every(({ key, count, uncounted }) => counts.get(key) === count && uncounted === 0)
      )
    }),
    seeded(t, 300),
  )
})

t.test(
  'in bounded memory the truth lies between count and count + uncounted, and the frequent stay',
  async t => {
    fc.assert(
      fc.property(streams, stream => {
        const counter = createCounter(() => ({}), CAPACITY)
        for (const key of stream) {
          counter.count(key)
          if (counter.size() > CAPACITY) return false
        }
        const top = counter.top(CAPACITY)
        const bounded = [...exact(stream)].every(([key, truth]) => {
          const found = top.find(one => one.key === key)
          if (!found) return truth <= (2 * stream.length) / CAPACITY
          return found.count <= truth && truth <= found.count + found.uncounted
        })
        return bounded && top.every(({ count }, i) => count <= (top[i - 1]?.count ?? count))
      }),
      seeded(t, 1000),
    )
  },
)

t.test('a million made-up keys do not push the worst one out', async t => {
  const counter = createCounter(() => ({ seen: 0 }), 1000)
  for (let i = 0; i < 1_000_000; i++) {
    counter.count(`made up ${i}`)
    if (i % 100 === 0) counter.count('the worst').seen += 1
  }
  t.match(counter.top(1), [{ key: 'the worst', count: 10_000, uncounted: 0, details: { seen: 10_000 } }])
  t.notOk(counter.complete())
})

t.test('keys of equal count are in the order of their texts', async t => {
  const counter = createCounter(() => ({}))
  for (const key of ['b', 'c', 'a', 'c']) counter.count(key)
  t.strictSame(
    counter.top(9).map(({ key }) => key),
    ['c', 'a', 'b'],
  )
})
