import t from 'tap'
import { formatInstant } from '../../lib/wire/instant.js'
import type { ProblemRecord } from '../../lib/wire/record.js'
import { createHealth } from '../../lib/xff-ban/health.js'

const START = Date.UTC(2026, 10, 22, 14)
const MINUTE = 60_000

/** The health of a jail, and a clock that the test sets. */
function watched(silenceMs?: number) {
  let now = START
  const problems: ProblemRecord[] = []
  const health = createHealth({
    now: () => now,
    silenceMs,
    warn: () => {},
  })
  health.connect(problem => problems.push(problem))
  const tally = (time: number, requests: number) =>
    health.saw({ type: 'tally', time: formatInstant(time), requests, failures: 0, errors: 0, clients: 0 })
  return { health, problems, tally, pass: (by: number) => (now += by) }
}

t.test('the rate is that of the last minute of the log', async t => {
  const { health, tally } = watched()
  t.equal(health.status().rate, undefined, 'no tally')
  tally(START, 7)
  t.equal(health.status().rate, undefined, 'the first one only says when the log begins')
  for (let i = 1; i <= 12; i++) tally(START + i * 10_000, i <= 6 ? 1000 : 50)
  t.equal(health.status().rate, 5, 'what is older does not count')
  tally(START - MINUTE, 3)
  t.equal(health.status().rate, undefined, 'a log that begins anew')
  t.equal(health.status().newest, formatInstant(START + 120_000))
})

t.test('addresses that their ban does not stop are counted, and forgotten after 10 minutes', async t => {
  const { health, problems, pass } = watched()
  health.ineffective.failed('203.0.113.7', START)
  health.ineffective.failed('203.0.113.7', START)
  health.ineffective.failed('203.0.113.8', START)
  health.ineffective.warned('banned, yet still failing')
  t.equal(health.status().ineffective, 2)
  t.equal(health.ineffectiveCount(), 3)
  t.match(problems, [{ type: 'problem', kind: 'ineffective', reason: 'banned, yet still failing' }])
  pass(11 * MINUTE)
  t.equal(health.status().ineffective, 0)
  t.match(problems.at(-1), { kind: 'ineffective', until: formatInstant(START + 11 * MINUTE) }, 'it is over')
  t.equal(problems.length, 2)
})

t.test('what happens to the backend is told once, and when it is over', async t => {
  const { health, problems } = watched()
  health.backend(undefined)
  health.backend('haproxy: no such socket')
  health.backend('haproxy: no such socket')
  t.equal(health.status().failing, 'haproxy: no such socket')
  health.backend(undefined)
  t.equal(health.status().failing, undefined)
  t.match(problems, [{ kind: 'backend' }, { kind: 'backend', until: formatInstant(START) }])
  t.equal(problems.length, 2)
})

t.test('a silent log is told, and that it speaks again', async t => {
  const { health, problems, tally, pass } = watched(20)
  const stop = health.watch()
  t.teardown(stop)
  pass(20)
  while (problems.length === 0) await new Promise(setImmediate)
  t.match(problems, [{ kind: 'blind', reason: /nothing came from the log/ }], 'also where nothing ever came')
  tally(START, 1)
  t.match(problems[1], { kind: 'blind', until: formatInstant(START + 20) })
})

t.test('without tallies nothing is known of the log, and nothing is said', async t => {
  const { health, problems, pass } = watched()
  t.teardown(health.watch())
  health.saw({ type: 'ban', time: formatInstant(START) })
  pass(60 * MINUTE)
  t.same(problems, [])
  t.equal(health.status().heard, formatInstant(START))
})
