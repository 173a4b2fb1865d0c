import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { createWindow, type Limits } from '../../lib/xff-window/window.js'
import { seeded } from '../support/seeded.js'

type Failure = readonly [key: string, time: number]

/** The window by its definition. */
function definition({ max, find, late }: Limits, failures: readonly Failure[]) {
  const since = new Map<string, number[]>()
  let newest = Number.NEGATIVE_INFINITY
  return failures.map(([key, time]) => {
    if (time < newest - late) return 'late'
    newest = Math.max(newest, time)
    const times = [...(since.get(key) ?? []), time].sort((a, b) => a - b)
    const first = times.findIndex(
      (oldest, i) => (times[i + max - 1] ?? Number.POSITIVE_INFINITY) - oldest <= find,
    )
    since.set(key, first < 0 ? times : [])
    return first < 0 ? 'counted' : { since: times[first], failures: max }
  })
}

/** Failures near the threshold: bursts, ties, pauses, and some out of order. */
const traces = fc
  .tuple(
    fc.record({
      max: fc.integer({ min: 1, max: 5 }),
      find: fc.nat(30),
      late: fc.nat(15),
      keys: fc.constant(1000),
    }),
    fc.array(fc.tuple(fc.constantFrom('a', 'b', '__proto__'), fc.integer({ min: -12, max: 12 })), {
      maxLength: 60,
    }),
  )
  .map(([limits, steps]) => {
    let now = 1000
    const failures = steps.map(([key, step]): Failure => {
      now += Math.max(0, step)
      return [key, now + Math.min(0, step)]
    })
    return { limits, failures }
  })

t.test('it is the window of the definition', async t => {
  fc.assert(
    fc.property(traces, ({ limits, failures }) => {
      const observe = createWindow(limits).observe
      const verdicts = failures.map(([key, time]) => observe(key, time))
      return isDeepStrictEqual(verdicts, definition(limits, failures))
    }),
    seeded(t, 5000),
  )
})

t.test('whatever the order within `late`, the same keys are banned', async t => {
  const shuffled = traces.chain(({ limits, failures }) =>
    fc
      .array(fc.integer({ min: 0, max: limits.late }), {
        minLength: failures.length,
        maxLength: failures.length,
      })
      .map(delays => {
        const inOrder = [...failures].sort((a, b) => a[1] - b[1])
        const arrival = inOrder.map((failure, i) => ({ failure, at: failure[1] + (delays[i] as number) }))
        return { limits, inOrder, late: arrival.sort((a, b) => a.at - b.at).map(({ failure }) => failure) }
      }),
  )
  const banned = (limits: Limits, failures: readonly Failure[]) => {
    const observe = createWindow(limits).observe
    return new Set(
      failures.filter(([key, time]) => typeof observe(key, time) === 'object').map(([key]) => key),
    )
  }
  fc.assert(
    fc.property(shuffled, ({ limits, inOrder, late }) => {
      const expected = banned(limits, inOrder)
      const actual = banned(limits, late)
      return expected.size === actual.size && [...expected].every(key => actual.has(key))
    }),
    seeded(t, 1000),
  )
})

t.test('the idle leave first, and nobody close to a ban before one that failed once', async t => {
  const window = createWindow({ max: 3, find: 100, late: 10, keys: 3 })
  window.observe('close', 0)
  window.observe('close', 1)
  for (let i = 0; i < 50; i++) window.observe(`passer-by ${i}`, 2)
  t.equal(window.size(), 3)
  t.equal(window.evicted(), 48)
  t.match(window.observe('close', 3), { since: 0 }, 'it was not forgotten')
  for (let i = 0; i < 50; i++) window.observe(`later ${i}`, 1000 + i * 200)
  t.equal(window.evicted(), 48, 'the idle leave without loss')
})

t.test('the table stays within its bound, whatever comes', async t => {
  const window = createWindow({ max: 5, find: 1000, late: 0, keys: 100 })
  for (let i = 0; i < 20_000; i++) {
    window.observe(`key ${i % 977}`, i >> 4)
    if (window.size() > 100) t.fail(`${window.size()} keys`)
  }
  t.ok(window.evicted() > 0)
})

t.test('a clock that was set back is noticed, a line that is late is late', async t => {
  const window = createWindow({ max: 3, find: 100, late: 10, keys: 1000 })
  window.observe('a', 1_000_000)
  t.equal(window.observe('a', 500), 'late')
  for (let i = 0; i < 998; i++) window.observe('b', 500)
  t.equal(window.observe('c', 500), 'counted')
  t.equal(window.setBack(), 1)
  t.equal(window.observe('c', 501), 'counted')
  t.match(window.observe('c', 502), { since: 500 })
})
