import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import t from 'tap'
import { matchesGlob } from '../../../lib/text/glob.js'
import { compileMatcher } from '../../../lib/xff-window/rules/matcher.js'
import { compileRules } from '../../../lib/xff-window/rules/rules.js'
import { seeded } from '../../support/seeded.js'

const text = fc.string({ unit: fc.constantFrom('/', 'a', 'b'), maxLength: 6 })
const pattern = fc.string({ unit: fc.constantFrom('/', 'a', 'b', '*', '?'), minLength: 1, maxLength: 6 })

t.test('sets of patterns are found as by comparing with each of them', async t => {
  const sets = fc.array(fc.array(pattern, { maxLength: 4 }), { maxLength: 5 })
  fc.assert(
    fc.property(sets, fc.array(text, { maxLength: 3 }), (sets, texts) => {
      const expected = [...sets.keys()].filter(i =>
        sets[i]?.some(pattern => texts.some(text => matchesGlob(text, pattern))),
      )
      return compileMatcher(sets)(texts).join() === expected.join()
    }),
    seeded(t, 5000),
  )
})

t.test('of paths with long queries the paths alone are remembered', async t => {
  setFlagsFromString('--expose-gc')
  const collectGarbage: () => void = runInNewContext('gc')
  const rules = compileRules([{ name: 'x', path: ['/x'] }], {
    ...{ max: 1, find: 1000, failing: (status: number) => status >= 400 },
    ...{ general: undefined, except: [] },
  })
  const nothing = () => undefined
  const weigh = (uri: string) =>
    rules.weigh({
      ...{ ip: '192.0.2.1', status: 404, method: nothing, uri: () => uri, host: nothing, agent: nothing },
    }).length
  collectGarbage()
  const before = process.memoryUsage().heapUsed
  const query = Buffer.alloc(30_000, 'q')
  for (let i = 0; i < 4000; i++)
    weigh(Buffer.concat([Buffer.from(`/a-path-of-some-length/${i}?`), query]).toString('latin1'))
  collectGarbage()
  const megabytes = (process.memoryUsage().heapUsed - before) / 1e6
  t.ok(megabytes < 10, `${megabytes.toFixed(1)} MB`)
  t.equal(weigh('/x?'), 1, 'and it is still in use')
})
