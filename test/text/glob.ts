import fc from 'fast-check'
import t from 'tap'
import { compileGlob, isGlob, matchesGlob } from '../../lib/text/glob.js'
import { seeded } from '../support/seeded.js'

t.test('patterns match whole texts', async t => {
  const fits = ['veth*', 'v*1a2b', '*', '**', 'veth?a2b', '????????', 'veth1a2b', '*veth1a2b*', '*1*2*']
  const not = ['veth', 'eth*', 'veth1a2b?', '???????', '', '*3*', 'veth*c', 'VETH*', 'veth1a2b0']
  for (const pattern of fits) t.ok(matchesGlob('veth1a2b', pattern), pattern)
  for (const pattern of not) t.notOk(matchesGlob('veth1a2b', pattern), pattern)
  t.ok(matchesGlob('', '') && matchesGlob('', '*') && !matchesGlob('', '?'))
})

t.test('no character but two means anything', async t => {
  for (const name of ['a.b', 'a+', '[ab]', 'br-1^', '\\d', '(']) {
    t.ok(matchesGlob(name, name), name)
    t.notOk(isGlob(name), name)
  }
  t.notOk(matchesGlob('axb', 'a.b'))
  t.ok(isGlob('veth*') && isGlob('eth?'))
})

t.test('many stars take no longer', async t => {
  t.notOk(matchesGlob('a'.repeat(15), `${'a*'.repeat(1000)}b`))
})

t.test('a compiled pattern fits what the pattern fits', async t => {
  const few = fc.string({ unit: fc.constantFrom('a', 'b', '/'), maxLength: 12 })
  const patterns = fc.string({ unit: fc.constantFrom('a', 'b', '/', '*', '?'), maxLength: 8 })
  fc.assert(
    fc.property(few, patterns, (text, pattern) => compileGlob(pattern)(text) === matchesGlob(text, pattern)),
    seeded(t, 20_000),
  )
})
