/** Bans that need the failures of several hosts: by their definition, in any order, and with more failures than are kept. */
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { createWindow, type Limits } from '../../lib/xff-window/window.js'
import { seeded } from '../support/seeded.js'

type Failure = readonly [key: string, time: number, from: string]
type QuorumLimits = Limits & { hosts: number }

/** Nothing is ever forgotten but by a ban: the first stretch of `find` with the new one in it that has what it takes. */
function definition({ max, find, hosts }: QuorumLimits, failures: readonly Failure[]) {
  const known = new Map<string, Failure[]>()
  return failures.map(failure => {
    const [key, time] = failure
    const all = [...(known.get(key) ?? []), failure].sort((a, b) => a[1] - b[1])
    known.set(key, all)
    for (const [, since] of all) {
      if (since > time || since < time - find) continue
      const stretch = all.filter(([, at]) => at >= since && at <= since + find)
      const names = new Set(stretch.map(([, , from]) => from).filter(from => from !== ''))
      if (stretch.length < max || names.size < hosts) continue
      known.set(key, [])
      return { since, failures: stretch.length, hosts: [...names].sort() }
    }
    return 'counted'
  })
}

/** @param most how many failures of one host come at once */
const tracesOf = (most: number) =>
  fc
    .tuple(
      fc.record({
        max: fc.integer({ min: 1, max: 5 }),
        find: fc.nat(30),
        late: fc.nat(40),
        keys: fc.constant(1000),
        hosts: fc.integer({ min: 1, max: 4 }),
      }),
      fc.array(
        fc.tuple(
          fc.constantFrom('a', 'b'),
          fc.integer({ min: -30, max: 8 }),
          fc.constantFrom('web1', 'web1', 'web1', 'web2', 'web3', 'web4', ''),
          fc.integer({ min: 1, max: most }),
        ),
        { maxLength: 60 },
      ),
    )
    .map(([limits, steps]) => {
      let now = 1000
      const failures = steps.flatMap(([key, step, from, times]) => {
        now += Math.max(0, step)
        const time = now + Math.max(-limits.late, Math.min(0, step))
        return Array.from({ length: times }, (): Failure => [key, time, from])
      })
      return { limits, failures }
    })

const verdictsOf = (limits: QuorumLimits, failures: readonly Failure[]) => {
  const { observe } = createWindow(limits)
  return failures.map(([key, time, from]) => observe(key, time, { from }))
}

t.test('a ban falls as its definition says', async t => {
  fc.assert(
    fc.property(tracesOf(1), ({ limits, failures }) => {
      // where all of them are kept
      const few = failures.slice(0, 4 * limits.max)
      return isDeepStrictEqual(verdictsOf(limits, few), definition(limits, few))
    }),
    seeded(t, 3000),
  )
})

t.test('it falls for the same failure where not all are kept', async t => {
  let dropped = 0
  fc.assert(
    fc.property(tracesOf(9), ({ limits, failures }) => {
      const [verdicts, wanted] = [verdictsOf(limits, failures), definition(limits, failures)]
      if (!isDeepStrictEqual(verdicts, wanted)) dropped += 1
      return verdicts.every((verdict, i) => (verdict === 'counted') === (wanted[i] === 'counted'))
    }),
    seeded(t, 2000),
  )
  t.comment(`${dropped} runs with failures that were not kept`)
})

t.test('who hammers one host has few of his failures kept', async t => {
  const window = createWindow({ max: 10, find: 300_000, late: 630_000, keys: 10, hosts: 2 })
  for (let i = 0; i < 300_000; i++) window.observe('a', i * 10, { from: 'web1' })
  const ban = window.observe('a', 3_000_000, { from: 'web2' })
  t.match(ban, { hosts: ['web1', 'web2'] })
  if (ban !== 'counted') t.ok(ban.failures < 100, `${ban.failures} of 30,000 within find`)
})

t.test('without a name a failure counts, and for no host', async t => {
  const { observe } = createWindow({ max: 2, find: 100, late: 0, keys: 10, hosts: 1 })
  t.equal(observe('a', 0), 'counted')
  t.equal(observe('a', 1), 'counted')
  t.same(observe('a', 2, { from: 'web1' }), { since: 0, failures: 3, hosts: ['web1'] })
})
