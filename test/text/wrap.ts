import t from 'tap'
import { wrap } from '../../lib/text/wrap.js'

t.test('text is broken between words, at the last that fits', async t => {
  t.same(wrap('a bc def ghij', 6), ['a bc', 'def', 'ghij'])
  t.same(wrap('abc def', 7), ['abc def'])
  t.same(wrap('abc def', 6), ['abc', 'def'])
})

t.test('a longer word stands alone, and no text is one row', async t => {
  t.same(wrap('a verylong b', 4), ['a', 'verylong', 'b'])
  t.same(wrap('ab c', 0), ['ab', 'c'])
  t.same(wrap('', 10), [''])
})
