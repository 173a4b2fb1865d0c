/** Pauses between attempts grow, and can be ended. */
import t from 'tap'
import { createBackoff, createPause } from '../lib/retry.js'

const HOUR_MS = 3_600_000

t.test('a pause is over after its time', async t => {
  await createPause().wait(1)
  t.pass('it ended')
})

t.test('a pause that is ended is over at once', async t => {
  const pause = createPause()
  pause.end()
  const waited = pause.wait(HOUR_MS)
  pause.end()
  await waited
  t.pass('it ended')
})

t.test('a pause that begins ends the one before it', async t => {
  const pause = createPause()
  const first = pause.wait(HOUR_MS)
  const second = pause.wait(1)
  await first
  await second
  t.pass('both ended')
})

t.test('each pause between attempts is twice as long as the one before it, up to the longest', async t => {
  const backoff = createBackoff({ firstMs: 100, longestMs: 350 })
  const pauses: number[] = []
  for (let attempt = 0; attempt < 4; attempt++) {
    pauses.push(backoff.nextMs())
    const waited = backoff.wait()
    backoff.end()
    await waited
  }
  t.same(pauses, [100, 200, 350, 350])
  backoff.reset()
  t.equal(backoff.nextMs(), 100)
})
