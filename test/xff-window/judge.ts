import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { createJudge } from '../../lib/xff-window/judge.js'
import type { Rule } from '../../lib/xff-window/rules/rule.js'
import { compileRules, type Rules } from '../../lib/xff-window/rules/rules.js'
import { createDefinition, failing, type RuledRequest as Request } from '../support/rules-definition.js'
import { seeded } from '../support/seeded.js'

function compile(rules: readonly Rule[], general: { max: number; find: number } | undefined): Rules {
  return compileRules(rules, {
    ...{ max: 3, find: 10, failing },
    general: general && { ...general, name: undefined, lasts: undefined, share: 0 },
    except: ['/favicon.ico'],
  })
}

const seenOf = ({ key, status, method, uri }: Request) => ({
  ...{ ip: key, status, method: () => method, uri: () => uri },
  ...{ host: () => undefined, agent: () => undefined },
})

const conditions = {
  path: fc.option(fc.constantFrom(['/a'], ['/b'], ['/a*'], ['/a', '/b']), { nil: undefined }),
  method: fc.option(fc.constantFrom(['POST'], ['GET', 'POST']), { nil: undefined }),
  status: fc.option(
    fc.constantFrom(
      (status: number) => status === 200,
      (status: number) => status === 404,
    ),
    { nil: undefined },
  ),
  points: fc.option(fc.nat(4), { nil: undefined }),
}

/** A rule without the fields that are undefined. */
const written = (rule: object) =>
  Object.fromEntries(
    Object.entries(rule).filter(([key, of]) => key === 'name' || of !== undefined),
  ) as unknown as Rule

const rulesOfAName = (name: string) =>
  fc
    .tuple(
      fc.array(fc.record(conditions), { minLength: 1, maxLength: 2 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 30 }),
    )
    .map(([some, max, find]) => some.map(one => written({ name, ...one, max, find: find / 1000 })))
const nameless = fc
  .array(fc.record({ ...conditions, points: fc.nat(4) }), { maxLength: 2 })
  .map(some => some.map(one => written({ name: undefined, ...one })))

const traces = fc
  .tuple(
    fc
      .tuple(rulesOfAName('one'), rulesOfAName('two'), nameless)
      .chain(rules => fc.shuffledSubarray(rules.flat(), { minLength: rules.flat().length })),
    fc.option(fc.record({ max: fc.integer({ min: 1, max: 5 }), find: fc.nat(30) }), { nil: undefined }),
    fc.nat(15),
    fc.array(
      fc.record({
        key: fc.constantFrom('a', 'b', '__proto__'),
        step: fc.integer({ min: -12, max: 9 }),
        status: fc.constantFrom(200, 404, 404, 500),
        method: fc.constantFrom('GET', 'POST'),
        uri: fc.constantFrom('/a', '/ab', '/b', '/c', '/favicon.ico'),
      }),
      { maxLength: 60 },
    ),
  )
  .map(([rules, general, late, steps]) => {
    let now = 1000
    const requests = steps.map(({ step, ...request }): Request => {
      now += Math.max(0, step)
      return { ...request, time: now + Math.max(-late, Math.min(0, step)) }
    })
    return { rules, general, late, requests }
  })

t.test('with rules, bans are those of the definition', async t => {
  fc.assert(
    fc.property(traces, ({ rules, general, late, requests }) => {
      const judge = createJudge({ failing, late, keys: 1000, rules: { current: compile(rules, general) } })
      const verdicts = requests.map(request => judge.observe(request.key, request.time, seenOf(request)))
      return isDeepStrictEqual(verdicts, requests.map(createDefinition(rules, general)))
    }),
    seeded(t, 5000),
  )
})

const failure = (key: string, time: number, uri = '/a'): Request => ({
  key,
  time,
  status: 404,
  method: 'GET',
  uri,
})

t.test('the counts of all rules together stay within the bound, and those close to a ban stay', async t => {
  const rules = ['one', 'two', 'three'].map((name): Rule => ({ name, path: ['/a'], max: 3, find: 100 }))
  const judge = createJudge({
    failing,
    late: 0,
    keys: 100,
    rules: { current: compile(rules, { max: 3, find: 100_000 }) },
  })
  const observe = (request: Request) => judge.observe(request.key, request.time, seenOf(request))
  observe(failure('close', 0))
  observe(failure('close', 1))
  for (let i = 0; i < 5000; i++) {
    observe(failure(`passer-by ${i}`, 2))
    if (judge.size() > 100) t.fail(`${judge.size()} keys`)
  }
  t.ok(judge.evicted() > 0)
  t.match(observe(failure('close', 3)), { since: 0, rule: 'one' })
})

t.test('counts of rules that stay are kept when rules change', async t => {
  const rule = (name: string, max: number): Rule => ({ name, path: ['/a'], max, find: 100 })
  const rules = { current: compile([rule('stays', 4), rule('changes', 4), rule('goes', 4)], undefined) }
  const judge = createJudge({ failing, late: 0, keys: 100, rules })
  const observe = (time: number) => judge.observe('a', time, seenOf(failure('a', time)))
  for (const time of [1, 2, 3]) t.equal(observe(time), 'counted')
  rules.current = compile([rule('new', 2), rule('changes', 5), rule('stays', 4)], undefined)
  t.match(observe(4), { rule: 'stays', since: 1 }, 'three before, and the fourth')
  t.match(observe(5), { rule: 'new', since: 4 }, 'a new one counts from then on')
  t.equal(judge.size(), 2, 'those of the rule that went are gone')
})
