import { mock } from 'node:test'
import t from 'tap'
import { watchReader } from '../../lib/xff-ban/reader-watch.js'

/** A reader that has so many records to read, and what was said of it. */
function watching(t: { teardown: (end: () => void) => void }, forever = false) {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  const reader = { unread: 0, resumed: 0 }
  const warnings: string[] = []
  const watch = watchReader({
    unread: () => reader.unread,
    forever,
    resume: () => {
      reader.resumed += 1
    },
    warn: message => warnings.push(message),
  })
  return { reader, warnings, ...watch }
}

t.test('the input waits for a slow reader, as long as it takes some records', async t => {
  const { reader, warnings, isBehind, accepts } = watching(t)
  t.notOk(isBehind())
  reader.unread = 21_000
  for (let seconds = 0; seconds < 100; seconds += 10) {
    t.ok(isBehind())
    reader.unread += 999
    mock.timers.tick(9_999)
    reader.unread -= 1_000
    mock.timers.tick(1)
  }
  t.ok(accepts(), 'and no record is lost')
  reader.unread = 19_999
  t.notOk(isBehind())
  t.same(warnings, [])
})

t.test('the input goes on when the reader takes nothing, and lost records are counted', async t => {
  const { reader, warnings, isBehind, accepts } = watching(t)
  reader.unread = 20_000
  t.ok(isBehind())
  mock.timers.tick(10_000)
  t.equal(reader.resumed, 1)
  t.notOk(isBehind())
  t.same([accepts(), accepts()], [false, false])
  reader.unread = 10
  t.ok(accepts())
  t.match(warnings, [/^nobody reads stdout/, /^stdout is read again: 2 records were not written there/])
})

t.test('in a replay the input waits for the reader, however long it takes', async t => {
  const { reader, warnings, isBehind } = watching(t, true)
  reader.unread = 20_000
  t.ok(isBehind())
  mock.timers.tick(1_000_000)
  t.ok(isBehind())
  t.same(warnings, [])
})
