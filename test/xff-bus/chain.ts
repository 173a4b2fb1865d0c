import t from 'tap'
import type { Stored } from '../../lib/xff-bus/broker.js'
import { createChains } from '../../lib/xff-bus/chain.js'

function batch(from: string, header: string | undefined, at = 0): Stored {
  return {
    seq: 1,
    from,
    at,
    payload: Buffer.alloc(0),
    headers: new Map(header === undefined ? [] : [['Xff-Batch', header]]),
  }
}

t.test('each batch of each writer is taken once, and one that is missing is looked for once', async t => {
  const warnings: string[] = []
  const { see, tally } = createChains(warning => warnings.push(warning))
  t.equal(see(batch('a', '5 r1 first')), 'take')
  t.equal(see(batch('b', '1 r1 first')), 'take', 'writers are numbered apart')
  t.equal(see(batch('a', '6 r1')), 'take')
  t.equal(see(batch('a', '6 r1')), 'skip')
  t.equal(see(batch('a', '5 r1 first')), 'skip')
  t.equal(see(batch('a', '9 r1')), 'back', '7 and 8 are missing')
  t.equal(see(batch('a', '6 r1')), 'skip')
  t.equal(see(batch('a', '9 r1')), 'take', 'they are not there')
  t.same(warnings, ['a: batches missing in the stream: 2'])
  t.same(tally, { again: 3, wentBack: 1, missing: 2 })
})

t.test('a claim is passed over, a new beginning is taken, and so is a batch without a number', async t => {
  const { see } = createChains(() => t.fail('told'))
  t.equal(see(batch('a', '0 r1 first')), 'skip')
  t.equal(see(batch('a', '100 r1 first')), 'take')
  t.equal(see(batch('a', '5000 r2 first')), 'take')
  t.equal(see(batch('a', undefined)), 'take')
  t.equal(see(batch('a', 'nonsense')), 'take')
})

t.test('a writer whose numbers never fit has nobody read again and again', async t => {
  const { see, tally } = createChains(() => {})
  see(batch('a', '1 r first', 0))
  const verdicts = Array.from({ length: 10 }, (_, i) => see(batch('a', `${10 * (i + 1)} r`, 1000 * i)))
  t.same(verdicts, ['back', ...Array(9).fill('take')])
  t.equal(tally.wentBack, 1)
})

t.test('when the log was made anew, nothing of before is known', async t => {
  const { see, forget } = createChains(() => t.fail('told'))
  see(batch('a', '1000 r first'))
  forget()
  t.equal(see(batch('a', '3 r')), 'take')
})
