import t from 'tap'
import { isGlob, matchesGlob } from '../../lib/text/glob.js'

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
