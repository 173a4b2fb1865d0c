import t from 'tap'
import { watchTrustedAlone } from '../../lib/uwsgi-parse/trusted-alone.js'

function watched(requests: readonly (readonly [slot: string, isKnown: boolean])[]) {
  const watch = watchTrustedAlone()
  for (const [slot, isKnown] of requests) watch.saw(slot, isKnown)
  return watch
}

const times = (count: number, slot: string, isKnown = false) =>
  Array.from({ length: count }, () => [slot, isKnown] as const)

t.test('a log with trusted proxies and no client is told of, once', async t => {
  const watch = watched(times(12, '172.64.0.1, 10.0.0.1'))
  t.notOk(watch.isTold())
  t.match(watch.about(), [/^nobody can be banned for 12 of 12 requests.*\("172\.64\.0\.1, 10\.0\.0\.1"\)/])
  t.ok(watch.isTold())
  t.same(watch.about(), [])
})

t.test('other causes are not', async t => {
  t.same(watched(times(11, '172.64.0.1')).about(), [], 'too few to tell')
  t.same(watched(times(12, 'unknown, 172.64.0.1')).about(), [], 'a hop that cannot be read')
  t.same(watched(times(12, '')).about(), [], 'a line that is doubted')
  t.same(watched(times(12, '203.0.113.5', true)).about(), [], 'clients')
  const checks = [...times(10, '10.0.0.1'), ...times(2, '203.0.113.5', true)]
  t.same(watched(checks).about(), [], 'health checks of the proxies themselves, and clients beside them')
})

t.test('the first thousand decide', async t => {
  const watch = watched([...times(1000, '203.0.113.5', true), ...times(100_000, '172.64.0.1')])
  t.same(watch.about(), [])
})
