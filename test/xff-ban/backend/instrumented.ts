import t from 'tap'
import { instrumented } from '../../../lib/xff-ban/backend/instrumented.js'

t.test('transactions of a backend are timed, its failures counted and passed on', async t => {
  let clock = 0
  const times: number[] = []
  let errors = () => -1
  const fail = async () => {
    throw new Error('no backend')
  }
  const backend = instrumented(
    {
      name: 'slow',
      refuses: ip => `not ${ip}`,
      open: async () => {},
      async apply(changes) {
        clock += 1500
        if (changes.length === 0) await fail()
      },
      reconcile: fail,
      flush: fail,
    },
    {
      counter: (_name, _help, read) => {
        errors = read
      },
      histogram: () => seconds => times.push(seconds),
    },
    () => clock,
  )
  t.equal(backend.name, 'slow')
  t.equal(backend.refuses('a'), 'not a')
  await backend.open([])
  await backend.apply([{ unban: '203.0.113.7' }])
  t.strictSame(times, [1.5])
  t.equal(errors(), 0)
  await t.rejects(backend.apply([]), { message: 'no backend' })
  await t.rejects(backend.reconcile(), { message: 'no backend' })
  await t.rejects(backend.flush(), { message: 'no backend' })
  t.equal(errors(), 3)
  t.strictSame(times, [1.5], 'a failure has no time')
})
