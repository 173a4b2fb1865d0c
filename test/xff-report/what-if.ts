/** The table of other limits against xff-window itself, run with those limits. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { execa } from 'execa'
import fc from 'fast-check'
import t from 'tap'
import { parseInstant } from '../../lib/wire/instant.js'
import type { RequestRecord } from '../../lib/wire/record.js'
import { createWhatIf } from '../../lib/xff-report/what-if.js'
import { createWindow } from '../../lib/xff-window/window.js'
import { bundle, FIXTURES, withCommands } from '../support/commands.js'
import { seeded } from '../support/seeded.js'

const LATE = 60_000
const HOUR = 3_600_000

t.test('the table of limits says what xff-window would have banned', async t => {
  const { stdout: requests } = await execa(bundle('uwsgi-parse'), ['--tally', '0'], {
    inputFile: join(FIXTURES, 'attack/uwsgi.log'),
    env: withCommands({ TZ: 'UTC' }),
  })
  const whatIf = createWhatIf({ maxes: [3, 10], finds: [60_000, 900_000], late: LATE, time: HOUR })
  for (const line of requests.split('\n')) {
    const { ip, time } = JSON.parse(line) as RequestRecord
    if (ip !== null && time !== null) whatIf.failure(ip, parseInstant(time))
  }
  for (const { max, find, addresses, more } of whatIf.outcomes().flat()) {
    const limits = ['--max', String(max), '--find', String(find / 1000)]
    const { stdout } = await execa(bundle('xff-window'), limits, { input: requests })
    const banned = stdout.split('\n').flatMap(line => (line === '' ? [] : JSON.parse(line).ip))
    t.equal(addresses, new Set(banned).size, limits.join(' '))
    t.notOk(more)
  }
})

/** An app that is ill for a while, with a scanner in it, and before that somebody who finds its errors. */
function* illApp(): Generator<object> {
  const at = (second: number) => new Date(1_700_000_000_000 + second * 1000).toISOString()
  const request = (second: number, ip: string, status: number) => ({
    ...{ type: 'request', time: at(second), ip, status, method: 'GET', uri: '/' },
  })
  const users = Array.from({ length: 50 }, (_, i) => `203.0.113.${i + 1}`)
  for (let stretch = 0; stretch < 30; stretch++) {
    const from = stretch * 10
    const isIll = stretch >= 10 && stretch < 20
    let errors = 0
    for (const [i, user] of users.entries()) {
      errors += isIll ? 1 : 0
      yield request(from + (i % 10), user, isIll ? 500 : 200)
    }
    yield request(from + 9, '198.51.100.1', 404)
    if (stretch < 10) yield request(from + 9, '198.51.100.2', 500)
    yield {
      ...{
        type: 'tally',
        time: at(from),
        seconds: 10,
        requests: 52,
        failures: errors + 2,
        errors: errors + 1,
      },
      clients: 52,
    }
  }
}

t.test('errors of an outage do not count in it either', async t => {
  const records = [...illApp()].map(record => `${JSON.stringify(record)}\n`).join('')
  for (const outage of ['20%', '0%']) {
    const { stdout: page } = await execa(bundle('xff-report'), ['--outage', outage, '--max', '7'], {
      input: records,
    })
    for (const max of [5, 7, 10]) {
      const limits = ['--max', String(max), '--find', '300', '--outage', outage]
      const { stdout } = await execa(bundle('xff-window'), limits, { input: records })
      const banned = new Set(stdout.split('\n').flatMap(line => (line === '' ? [] : JSON.parse(line).ip)))
        .size
      t.equal(banned, outage === '0%' ? 52 : 2)
      const row = new RegExp(`<span>max</span> ${max}</th>.*`).exec(page)?.[0] ?? ''
      t.match(row.split('<td')[2], `<b>${banned} <small>addresses`, limits.join(' '))
    }
    t.equal(/500 errors of the app while it was ill \(5xx\) do not count/.test(page), outage === '20%')
  }
})

t.test('failures count as stopped while the ban would last', async t => {
  const stopped = (times: readonly number[]) => {
    const whatIf = createWhatIf({ maxes: [2], finds: [1000], late: LATE, time: 10_000 })
    for (const time of times) whatIf.failure('203.0.113.7', time)
    whatIf.failure('203.0.113.8', 1000)
    const [[outcome] = []] = whatIf.outcomes()
    return outcome?.stopped
  }
  t.equal(stopped([0, 1000]), 0, 'the failure that tips the ban is not stopped by it')
  t.equal(stopped([0, 1000, 1000, 10_999]), 2)
  t.equal(stopped([0, 1000, 11_000]), 0, 'the ban is over')
  t.equal(stopped([0, 1000, 11_000, 11_500, 11_600]), 1, 'and the next one falls')
  t.equal(stopped([0, 1000, 500]), 0, 'what happened before the ban came late')
  t.equal(stopped([0, 1000, 5000, 5000, 12_000]), 2, 'failures behind a ban do not prolong it')
})

t.test('with more addresses than can be tracked the table of limits gives lower bounds', async t => {
  const whatIf = createWhatIf({ maxes: [1, 2], finds: [1000], late: LATE, time: HOUR, capacity: 20_000 })
  for (let i = 0; i < 25_000; i++) whatIf.failure(`2001:db8::${i.toString(16)}`, 1000)
  t.match(whatIf.outcomes().flat(), [
    { max: 1, addresses: 20_000, more: true },
    { max: 2, addresses: 0, more: true },
  ])
})

const FINDS = [5, 20, 60]

/** Failures of a few addresses: bursts, ties, pauses, and some out of order by as much as `late`. */
const traces = fc
  .tuple(
    fc.constantFrom([1, 2, 3, 5, 9], [2, 3, 5, 9]),
    fc.nat(15),
    fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.integer({ min: -12, max: 12 })), { maxLength: 150 }),
  )
  .map(([maxes, late, steps]) => {
    let now = 1000
    const failures = steps.map(([key, step]) => {
      now += Math.max(0, step)
      return { key, at: now + Math.max(-late, Math.min(0, step)) }
    })
    return { maxes, late, failures }
  })

t.test('every pair of limits decides as the window of xff-window does', async t => {
  fc.assert(
    fc.property(traces, ({ maxes, late, failures }) => {
      const whatIf = createWhatIf({ maxes, finds: FINDS, late, time: 40 })
      for (const { key, at } of failures) whatIf.failure(key, at)
      for (const { max, find, addresses, stopped } of whatIf.outcomes().flat())
        assert.deepEqual({ addresses, stopped }, byWindow({ max, find, late }, failures))
    }),
    seeded(t, 2000),
  )
})

function byWindow(
  limits: { max: number; find: number; late: number },
  failures: readonly { key: string; at: number }[],
): { addresses: number; stopped: number } {
  const window = createWindow({ ...limits, keys: 100 })
  const bans = new Map<string, number>()
  let stopped = 0
  for (const { key, at } of failures) {
    const from = bans.get(key)
    const isBanned = from !== undefined && at >= from && at < from + 40
    if (isBanned) stopped += 1
    if (window.observe(key, at) !== 'counted' && !isBanned) bans.set(key, at)
  }
  return { addresses: bans.size, stopped }
}
