import t from 'tap'
import { duration, number } from '../../../lib/cli/options/values.js'

t.test('a time span is read in seconds', async t => {
  const read = duration(1, 31_536_000)
  t.same(['45', '45s', '10m', '12h', '30d', '365d'].map(read), [45, 45, 600, 43_200, 2_592_000, 31_536_000])
  for (const wrong of [
    '',
    '0',
    '0d',
    '366d',
    '1w',
    '1.5h',
    '-1',
    '1 d',
    'd',
    '1e3',
    '9'.repeat(20),
    '10ms',
  ]) {
    t.throws(() => read(wrong), new RegExp(`30d, got "${wrong}"$`), wrong)
  }
})

t.test('a number may have a fraction', async t => {
  const read = number(1, 100)
  t.same(['1', '1.5', '100'].map(read), [1, 1.5, 100])
  for (const wrong of ['', '0.9', '100.5', '1e1', 'Infinity', '-2', '.5', '1.']) {
    t.throws(() => read(wrong), RangeError, wrong)
  }
})
