import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { createWindow, type Limits } from '../../lib/xff-window/window.js'
import { seeded } from '../support/seeded.js'

type Failure = readonly [key: string, time: number]

/** The window by its definition: nothing is ever forgotten but by a ban. */
function definition({ max, find }: Limits, failures: readonly Failure[]) {
  const since = new Map<string, number[]>()
  return failures.map(([key, time]) => {
    const times = [...(since.get(key) ?? []), time].sort((a, b) => a - b)
    const first = times.findIndex(
      (oldest, i) =>
        oldest <= time &&
        (times[i + max - 1] ?? Number.NEGATIVE_INFINITY) >= time &&
        (times[i + max - 1] ?? Number.POSITIVE_INFINITY) - oldest <= find,
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
      // out of order by as much as the window promises to bear
      return [key, now + Math.max(-limits.late, Math.min(0, step))]
    })
    return { limits, failures }
  })

t.test('the window bans as its definition says', async t => {
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

t.test(
  'idle addresses leave the table first, and none close to a ban before one that failed once',
  async t => {
    const window = createWindow({ max: 3, find: 100, late: 10, keys: 3 })
    window.observe('close', 0)
    window.observe('close', 1)
    for (let i = 0; i < 50; i++) window.observe(`passer-by ${i}`, 2)
    t.equal(window.size(), 3)
    t.equal(window.evicted(), 48)
    t.match(window.observe('close', 3), { since: 0 }, 'it was not forgotten')
    for (let i = 0; i < 50; i++) window.observe(`later ${i}`, 1000 + i * 200)
    t.equal(window.evicted(), 48, 'the idle leave without loss')
  },
)

t.test('the table of addresses stays within its bound, whatever comes', async t => {
  const window = createWindow({ max: 5, find: 1000, late: 0, keys: 100 })
  for (let i = 0; i < 20_000; i++) {
    window.observe(`key ${i % 977}`, i >> 4)
    if (window.size() > 100) t.fail(`${window.size()} keys`)
  }
  t.ok(window.evicted() > 0)
})

t.test('one failure with a wrong time, far ahead or far behind, changes nothing for the others', async t => {
  fc.assert(
    fc.property(
      traces,
      fc.nat(60),
      fc.constantFrom(-1e12, -1e6, 1e4, 1e12),
      ({ limits, failures }, at, wrong) => {
        const observe = createWindow(limits).observe
        const place = Math.min(at, failures.length)
        const disturbed = [
          ...failures.slice(0, place),
          ['wrong', 1000 + wrong] as const,
          ...failures.slice(place),
        ]
        const verdicts = disturbed.map(([key, time]) => observe(key, time))
        verdicts.splice(place, 1)
        return isDeepStrictEqual(verdicts, definition(limits, failures))
      },
    ),
    seeded(t, 3000),
  )
})

t.test('a log behind another one, and a slower clock beside, are counted as if alone', async t => {
  const limits = { max: 3, find: 300, late: 60, keys: 1000 }
  const log = (key: string, start: number): Failure[] => [0, 100, 250, 400, 900].map(at => [key, start + at])
  const [one, other] = [log('a', 100_000), log('b', 50_000)]
  const alone = (failures: Failure[]) => failures.map(([key, time]) => createAlone(key, time))
  const windows = new Map<string, ReturnType<typeof createWindow>>()
  const createAlone = (key: string, time: number) => {
    const window = windows.get(key) ?? createWindow(limits)
    windows.set(key, window)
    return window.observe(key, time)
  }
  const [first, second] = [alone(one), alone(other)]
  const behind = createWindow(limits)
  t.same(
    [...one, ...other].map(([key, time]) => behind.observe(key, time)),
    [...first, ...second],
  )
  t.equal(behind.late(), 1)
  const beside = createWindow(limits)
  const mixed = one.flatMap((failure, i) => [failure, other[i] as Failure])
  const verdicts = mixed.map(([key, time]) => beside.observe(key, time))
  t.same(
    verdicts.filter((_, i) => i % 2 === 0),
    first,
  )
  t.same(
    verdicts.filter((_, i) => i % 2 === 1),
    second,
  )
  t.ok(beside.late() >= 5, 'and the slower clock is noticed')
})

t.test('idle keys leave although one among them has a time far ahead', async t => {
  const window = createWindow({ max: 3, find: 100, late: 10, keys: 1000 })
  window.observe('ahead', 1e12)
  for (let i = 0; i < 5000; i++) window.observe(`key ${i}`, i * 50)
  t.ok(window.size() < 100, `${window.size()} keys`)
  t.equal(window.evicted(), 0)
})
