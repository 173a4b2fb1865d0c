import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import t from 'tap'
import { xffWindow } from '../../lib/xff-window/stage.js'
import { collect } from '../support/collect.js'
import { seeded } from '../support/seeded.js'

/** What xff-window writes for an input that comes in these chunks, and how many lines it could not use. */
async function windowed(
  chunks: AsyncIterable<Buffer> | Iterable<Buffer>,
  thorough = false,
  keys = 1000,
): Promise<{ out: string; badLines: number; places: number[] }> {
  const places: number[] = []
  const { stages, tally } = xffWindow({
    max: 3,
    find: 10_000,
    late: 5_000,
    keys,
    failing: status => status >= 400,
    ignored: () => false,
    ipv6Prefix: 128,
    onBadLine: ({ line }) => places.push(line),
    warn: message => t.fail(message),
    thorough,
  })
  const written = await collect(stages, chunks)
  return { out: Buffer.concat(written).toString() + JSON.stringify(tally), badLines: places.length, places }
}

const requests = fc
  .array(fc.tuple(fc.integer({ min: -6, max: 4 }), fc.nat(3), fc.constantFrom(200, 404, 500)), {
    minLength: 1,
    maxLength: 80,
  })
  .map(steps => {
    let now = Date.parse('2026-11-22T14:00:00Z')
    return steps.map(([step, client, status]) => {
      now += Math.max(0, step) * 1000
      const time = new Date(now + Math.min(0, step) * 1000).toISOString()
      return `{"type":"request","time":"${time}","ip":"203.0.113.${client}","status":${status},"uri":"/€𝄞"}\n`
    })
  })

t.test('live equals replay: at once, line by line with pauses, cut at random bytes', async t => {
  await fc.assert(
    fc.asyncProperty(requests, fc.array(fc.nat(8000), { maxLength: 10 }), async (lines, cuts) => {
      const input = Buffer.from(lines.join(''))
      const { out } = await windowed([input])
      const live = await windowed(
        (async function* () {
          for (const line of lines) {
            yield Buffer.from(line)
            await turn()
          }
        })(),
      )
      const marks = [0, ...cuts.map(cut => Math.min(cut, input.length)).sort((a, b) => a - b), input.length]
      const random = await windowed(marks.slice(1).map((mark, i) => input.subarray(marks[i], mark)))
      return out === live.out && out === random.out
    }),
    seeded(t, 100),
  )
})

/** Lines that a broken or hostile program may write where a request record should stand. */
const HOSTILE = [
  '{',
  'null',
  '"request"',
  '[]',
  '{"type":"request"}',
  '{"type":"__proto__","ip":"1.2.3.4"}',
  '{"type":"constructor"}',
  '{"type":"request","time":"2026-11-22T14:00:00Z","ip":"__proto__"}',
  '{"type":"request","time":"2026-11-22T14:00:00Z","ip":"constructor"}',
  '{"type":"request","time":1795356368,"ip":"1.2.3.4"}',
  '{"type":"request","time":"2026-11-22T14:00:00Z","ip":["1.2.3.4"]}',
  '{"type":"request","time":"2026-11-22T14:00:00Z","ip":"1.2.3.4","status":1e999}',
  '{"type":"request","time":"2026-11-22T14:00:00Z","ip":"1.2.3.4","status":-1}',
  `{"type":"request","time":"${'9'.repeat(5000)}","ip":"1.2.3.4"}`,
  '['.repeat(10_000),
  `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`,
  '\\ud800',
]

t.test('a line that fills a block is one line, marked or not', async t => {
  for (const filler of ['x', '\xff']) {
    const line = Buffer.alloc(256 * 1024, filler, 'latin1')
    line[line.length - 1] = 0x0a
    const { places } = await windowed([line, Buffer.from('nonsense\n')])
    t.same(places, [1, 2])
  }
})

t.test('hostile lines are counted, each of them, and cost nothing that stays', async t => {
  const block = Buffer.from(`${HOSTILE.join('\n')}\n`)
  const runs = Math.ceil(200 * Number(process.env.RUNS_TIMES ?? 1))
  function* input() {
    yield Buffer.from('{"type":"request","time":"2026-11-22T14:00:00Z","ip":"203.0.113.1"}\n')
    for (let i = 0; i < runs; i++) yield block
    for (const ip of ['203.0.113.1', '\\ud800', '203.0.113.1']) {
      yield Buffer.from(
        `{"type":"request","time":"2026-11-22T14:00:01Z","ip":"${ip}","__proto__":{"ip":1}}\n`,
      )
    }
  }
  const { out, badLines } = await windowed(input())
  t.match(out, /^\{"type":"ban","time":"2026-11-22T14:00:01.000Z","ip":"203.0.113.1","failures":3/)
  t.equal(badLines, HOSTILE.length * runs + 1)
})

/** Requests as uwsgi-parse writes them, some with a twist that only looks like it. */
const almost = fc
  .tuple(
    fc.constantFrom(
      '2026-11-22T14:00:00.000Z',
      '2026-11-22T14:00:59.999Z',
      '2026-02-31T14:00:00.000Z',
      '2026-11-22T25:00:00.000Z',
      '2026-13-22T14:00:00.000Z',
      '2026-11-22T14:00:60.000Z',
      '1969-11-22T14:00:00.000Z',
    ),
    fc.constantFrom(
      '"203.0.113.7"',
      '"203.0.113.256"',
      '"2001:db8::5"',
      '"2001:DB8::5"',
      '"::ffff:203.0.113.7"',
      '"1:2"',
      'null',
      '7',
    ),
    fc.constantFrom('404', '404', '200', '"404"', '0404', '99', '1000', '4e2'),
    fc.constantFrom('/x', '/x', '/\\u0041', '/\\"', '/"', '/\u0001', '/\u00ff', ''),
    fc.constantFrom(
      '"bytes":3,"msecs":0',
      '"bytes":03,"msecs":0',
      '"bytes":3,"msecs":1.5',
      '"msecs":0,"bytes":3',
      '"bytes":-3,"msecs":0',
    ),
    fc.constantFrom('', '', ',"via":"8.8.8.8, 203.0.113.7"', ',"via":7', ',"user":"x"', ',', ' '),
    fc.constantFrom('\n', '\n', '\r\n', '}\n', '\n\n'),
  )
  .map(
    ([time, ip, status, uri, size, rest, end]) =>
      `{"type":"request","time":"${time}","ip":${ip},"status":${status},"method":"GET","uri":"${uri}",` +
      `"protocol":"HTTP/1.1",${size}${rest}}${end}`,
  )

t.test('lines known at a glance are read as the full reader reads them', async t => {
  await fc.assert(
    fc.asyncProperty(fc.array(almost, { maxLength: 60 }), async lines => {
      const input = Buffer.from(lines.join(''), 'latin1')
      const { out, badLines } = await windowed([input])
      const full = await windowed([input], true)
      return out === full.out && badLines === full.badLines
    }),
    seeded(t, 1000),
  )
})

t.test('more addresses than are remembered, in a block larger than the room for lines', async t => {
  const lines = Array.from({ length: 120_000 }, (_, i) => {
    const client = (i * 7919) % 40_000
    const ip = client % 7 === 0 ? `2001:db8::${client.toString(16)}` : `20.0.${client >> 8}.${client & 255}`
    const time = new Date(Date.parse('2026-11-22T14:00:00Z') + Math.floor(i / 20)).toISOString()
    return (
      `{"type":"request","time":"${time}","ip":"${ip}","status":${i % 9 === 0 ? 200 : 404},"method":"GET",` +
      `"uri":"/${i}","protocol":"HTTP/1.1","bytes":${i},"msecs":0}\n`
    )
  })
  const input = [Buffer.from(lines.join(''))]
  const quick = await windowed(input, false, 100_000)
  t.match(quick.out, '"type":"ban"')
  t.same(quick, await windowed(input, true, 100_000))
})
