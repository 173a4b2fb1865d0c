/** Both readers of xff-report come to the same report. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import fc from 'fast-check'
import t from 'tap'
import { xffReport } from '../../lib/xff-report/stage.js'
import { collect } from '../support/collect.js'
import { bundle, FIXTURES } from '../support/commands.js'
import { seeded } from '../support/seeded.js'

async function reported(chunks: Iterable<Buffer>, thorough: boolean): Promise<string> {
  const bad: unknown[] = []
  const { stages, totals } = xffReport(
    {
      max: 3,
      find: 10_000,
      late: 5_000,
      time: 60_000,
      outage: 0.2,
      failing: status => status >= 400,
      top: 50,
      onBadLine: line => bad.push(line),
      warn: message => t.fail(message),
      thorough,
    },
    digest => {
      const { options: _, ...rest } = digest()
      return JSON.stringify(rest, (_, value) => (typeof value?.get === 'function' ? value.get() : value), 1)
    },
  )
  const written = await collect(stages, chunks)
  return `${Buffer.concat(written)}\n${JSON.stringify({ totals, bad }, null, 1)}`
}

/** Records in the shape of uwsgi-parse and out of it, others, and lines that are none. */
const lines = fc
  .array(
    fc.record({
      step: fc.integer({ min: -6, max: 4 }),
      ip: fc.constantFrom(
        '"203.0.113.7"',
        '"0.0.0.0"',
        '"255.255.255.255"',
        '"203.0.113.07"',
        '"2001:db8::1"',
        '"2001:DB8::1"',
        '"::ffff:203.0.113.7"',
        'null',
        '"x"',
      ),
      status: fc.constantFrom(200, 404, 500),
      uri: fc.oneof(
        fc.constantFrom(
          '/',
          '',
          '/a?b#c',
          '/a#b?c',
          '/€𝄞',
          '/\\"',
          '203.0.113.7',
          '2001:db8::1',
          '2001:DB8::1',
        ),
        fc.integer({ min: 80, max: 210 }).map(length => `/${'x'.repeat(length)}`),
        fc.integer({ min: 80, max: 210 }).map(length => `/${'x'.repeat(length)}?y`),
      ),
      kind: fc.constantFrom(
        'request',
        'request',
        'request',
        'agent',
        'spaced',
        'no uri',
        'ban',
        'unban',
        'bad',
        '',
      ),
    }),
    { minLength: 1, maxLength: 60 },
  )
  .map(records => {
    let now = Date.parse('2026-11-22T14:00:00Z')
    return records.map(({ step, ip, status, uri, kind }) => {
      now += Math.max(0, step) * 1000
      const head = `"time":"${new Date(now + Math.min(0, step) * 1000).toISOString()}","ip":${ip}`
      const request = `{"type":"request",${head},"status":${status},"method":"GET"`
      const rest = '"protocol":"HTTP/1.1","bytes":3,"msecs":1'
      const of: Record<string, string> = {
        request: `${request},"uri":"${uri}",${rest}}`,
        agent: `${request},"uri":"${uri}",${rest},"agent":"curl"}`,
        spaced: `${request}, "uri":"${uri}",${rest}}`,
        'no uri': `${request},${rest}}`,
        ban: `{"type":"ban",${head},"failures":3}`,
        unban: `{"type":"unban",${head},"reason":"expired"}`,
        bad: '{"type":"request"',
      }
      return `${of[kind] ?? ''}\n`
    })
  })

t.test('the fast reader reports what the full one does', async t => {
  await fc.assert(
    fc.asyncProperty(lines, fc.array(fc.nat(8000), { maxLength: 6 }), async (lines, cuts) => {
      const input = Buffer.from(lines.join(''))
      const marks = [0, ...cuts.map(cut => Math.min(cut, input.length)).sort((a, b) => a - b), input.length]
      const chunks = marks.slice(1).map((mark, i) => input.subarray(marks[i], mark))
      return (await reported(chunks, false)) === (await reported([input], true))
    }),
    seeded(t, 300),
  )
})

t.test('the fast reader reports what the full one does of a real attack', async t => {
  const input = readFileSync(join(FIXTURES, 'attack/uwsgi.log'))
  const { stdout } = await execa(bundle('uwsgi-parse'), ['--all'], { input, env: { TZ: 'UTC' } })
  const whole = Buffer.from(stdout)
  t.equal(await reported([whole], false), await reported([whole], true))
})
