/** The writer of requests on a broker that misbehaves: what a real one does once in months. */
import fc from 'fast-check'
import t from 'tap'
import type { Stored } from '../../lib/xff-bus/broker.js'
import { batchNumber } from '../../lib/xff-bus/headers.js'
import { unpack } from '../../lib/xff-bus/pack.js'
import { advise, createSender } from '../../lib/xff-bus/sender.js'
import { madeUpBroker } from '../support/broker.js'
import { seeded } from '../support/seeded.js'

const { signal } = new AbortController()

function senderOn(
  made: ReturnType<typeof madeUpBroker>,
  run: string,
  warn: (text: string) => void = () => {},
) {
  return createSender({ broker: made.broker, from: 'web1', run, now: () => 0, warn, signal })
}
const linesIn = (log: readonly Stored[]) =>
  log.map(batch => String(unpack(batch))).filter(text => text !== '')
const numbersIn = (log: readonly Stored[]) => log.map(batch => batchNumber(batch)?.number)

t.test('a batch whose answer was lost is stored once', async t => {
  const made = madeUpBroker()
  const sender = senderOn(made, 'r1')
  made.faults.push('silent, but stored', 'silent, not stored')
  await sender.claim()
  made.faults.push('silent, but stored', 'silent, not stored')
  await sender.send(Buffer.from('a\n'), '1 x')
  await sender.send(Buffer.from('b\n'), '2 y')
  t.same(linesIn(made.logs.requests), ['a\n', 'b\n'])
  t.equal(await senderOn(made, 'r2').claim(), '2 y', 'and the next start is told where it was')
})

t.test('numbers go on over starts, and begin with the clock of the broker', async t => {
  const made = madeUpBroker()
  for (const run of ['r1', 'r2']) {
    const sender = senderOn(made, run)
    await sender.claim()
    await sender.send(Buffer.from(run), '1 x')
  }
  const [claim, first, ...rest] = numbersIn(made.logs.requests)
  t.equal(claim, 0)
  t.equal(first, made.logs.requests[0]?.at)
  t.same(rest, [(first ?? 0) + 1, (first ?? 0) + 2])
})

t.test('the second writer of a name fences the first one off', async t => {
  const made = madeUpBroker()
  const [first, second] = [senderOn(made, 'r1'), senderOn(made, 'r2')]
  await first.claim()
  await first.send(Buffer.from('a\n'), '1 x')
  await second.claim()
  await t.rejects(first.send(Buffer.from('b\n'), '2 y'), {
    exitCode: 66,
    message: /another xff-bus writes as "web1"/,
  })
  await second.send(Buffer.from('b\n'), '2 y')
  t.same(linesIn(made.logs.requests), ['a\n', 'b\n'])
})

t.test('what the broker had confirmed and has lost is written again, once and in order', async t => {
  const made = madeUpBroker()
  const warnings: string[] = []
  const sender = senderOn(made, 'r1', text => warnings.push(text))
  await sender.claim()
  for (const text of ['a', 'b', 'c', 'd']) await sender.send(Buffer.from(text), '1 x')
  made.lose('requests', 2)
  await sender.send(Buffer.from('e'), '1 x')
  t.same(linesIn(made.logs.requests), ['a', 'b', 'c', 'd', 'e'])
  t.same(warnings, ['the broker has lost batches that it had confirmed: 2 are written again'])
  t.equal(sender.tally.again, 2)
})

t.test('whatever it loses and does not answer, each line is there once and in order', async t => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.constant('send' as const) },
    { weight: 1, arbitrary: fc.constant('lose' as const) },
    { weight: 1, arbitrary: fc.constant('stored, no answer' as const) },
    { weight: 1, arbitrary: fc.constant('start again' as const) },
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async steps => {
      const made = madeUpBroker()
      let run = 1
      let sender = senderOn(made, 'r1')
      await sender.claim()
      await sender.send(Buffer.from('0'), '1 x')
      const sent = ['0']
      // of this start: what it confirmed before cannot be known to the next
      let own = 0
      for (const [i, step] of steps.entries()) {
        if (step === 'send') {
          await sender.send(Buffer.from(String(i + 1)), '1 x')
          sent.push(String(i + 1))
          own += 1
        } else if (step === 'lose' && own > 1) {
          made.lose('requests', 1)
          own = 1
          // noticed by the next one
          await sender.send(Buffer.from(String(i + 1)), '1 x')
          sent.push(String(i + 1))
        } else if (step === 'stored, no answer') made.faults.push('silent, but stored')
        else if (step === 'start again') {
          sender = senderOn(made, `r${++run}`)
          await sender.claim()
          own = 0
        }
      }
      return linesIn(made.logs.requests).join() === sent.join()
    }),
    seeded(t, 30),
  )
})

t.test('what replicas and leaders of before say is believed only where it fits together', async t => {
  const ours = { run: 'r1', number: 7, claim: 3 }
  const shown = (seq: number, header: string): Stored => ({
    seq,
    from: 'web1',
    at: 0,
    payload: Buffer.alloc(0),
    headers: new Map([['Xff-Batch', header]]),
  })
  t.same(advise(ours, 12, shown(10, '6 r1')), { is: 'unknown' }, 'the replica lags')
  t.same(advise(ours, 12, undefined), { is: 'unknown' }, 'it knows nothing yet')
  t.same(advise(ours, 12, shown(12, '7 r1')), { is: 'stored', seq: 12 })
  t.same(
    advise(ours, 11, shown(12, '8 r1')),
    { is: 'stored', seq: 12 },
    'what is behind it is stored, so it is',
  )
  t.same(advise(ours, 9, shown(9, '4 r1')), { is: 'behind', seq: 9, lostAfter: 4 })
  t.same(advise(ours, 12, shown(12, '7 r2')), { is: 'fenced' })
  t.same(advise(ours, 5, shown(5, '2 r0')), { is: 'behind', seq: 5, lostAfter: 2 }, 'all of ours is lost')
  t.same(
    advise(ours, 0, undefined),
    { is: 'behind', seq: 0, lostAfter: Number.POSITIVE_INFINITY },
    'gone by its age',
  )
  t.same(advise(ours, 12, shown(12, '')), { is: 'fenced' }, 'another program writes under this name')
})
