import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { INPUT_BLOCK_BYTES } from '../../lib/fast/block-size.js'
import { acquire } from '../../lib/fast/buffer-pool.js'
import { PRIVATE_RANGES } from '../../lib/net/private.js'
import { compileClient } from '../../lib/uwsgi-parse/client.js'
import { PIPE_BYTES } from '../../lib/uwsgi-parse/fast-stage.js'
import { OWN_FORMAT } from '../../lib/uwsgi-parse/layout/log-format.js'
import { uwsgiParse } from '../../lib/uwsgi-parse/stage.js'
import { compileZone } from '../../lib/uwsgi-parse/time/zone.js'
import { collect } from '../support/collect.js'
import { FIXTURES } from '../support/commands.js'
import { seeded } from '../support/seeded.js'
import { takenByStalled } from '../support/stall.js'

/** What uwsgi-parse writes for an input that comes in these chunks. */
async function parsed(
  chunks: Iterable<Buffer>,
  {
    from = 0,
    thorough = false,
    tz = 'Europe/Berlin',
    tallyMs = 10_000,
    exactly = true,
    sizes = [] as number[],
  } = {},
): Promise<string> {
  const client = compileClient({ ranges: PRIVATE_RANGES })
  const advice: string[] = []
  const { stages, tally } = uwsgiParse({
    wanted: status => status >= from,
    attribution: { client, counted: false },
    zone: compileZone(tz),
    format: OWN_FORMAT,
    warn: said => advice.push(said),
    onBadLine: () => {},
    thorough,
    tallyMs,
  })
  const written = await collect(stages, chunks)
  sizes.push(...written.map(({ length }) => length))
  // a line with a request's head and tail and something else between them, which uWSGI never writes, is dropped as a
  // request nobody asked for where the full parser does not parse it
  const { requests, unparsed, damaged: _, privateClients, proxies, ...counts } = tally
  return (
    // for the same reason its tally has more requests
    Buffer.concat(written)
      .toString()
      .replace(/(?<="tally".*"requests":)\d+/g, count => (exactly ? count : '')) +
    JSON.stringify({
      ...counts,
      all: requests + unparsed,
      privateClients: [...privateClients],
      proxies: [...advice.filter(said => said.includes('requests come by')), ...proxies.about(tally.wanted)],
    })
  )
}

const fixture = (name: string) => readFileSync(join(FIXTURES, 'uwsgi-parse', name, 'in'))

/** The first of these four times out of five. */
const mostly = (usual: string, ...odd: string[]) =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...odd) })

/** Lines made of the right pieces, some of them wrong, twice, or missing. */
const line = fc
  .tuple(
    mostly(
      '[pid: 7|app: 0|req: 1/1] ',
      '[pid: 7|app: -1|req: -1/12] ',
      '[pid: 7|app: -|req: -/-] ',
      'x [pid: 7|app: 0|req: 1/1] ',
      '[pid: ',
    ),
    mostly('1.2.3.4', '8.8.8.8, 1.2.3.4', '10.0.0.1', 'unknown', 'a (b, 1.2.3.4', '"', '\u00e9, 1.2.3.4', ''),
    mostly(
      ' () {24 vars in 250 bytes} [',
      ' (bob) {24 vars in 250 bytes} [',
      ' (-) {24 vars in 250 bytes} [',
      ' () {256 vars in 250 bytes} [',
      ' () {24 vars in 250 bytes} [x} [',
      ' () {',
    ),
    mostly(
      'Sun Nov 22 14:06:08 2026',
      'Sun Oct 25 02:30:00 2026',
      'Sun Oct 25 02:59:59 2026',
      'Sun Feb 31 14:06:08 2026',
      'Sun Nov 22 14:06:0x 2026',
    ),
    mostly('] GET ', '] GET', ']  ', '] BREW" '),
    mostly(
      '/',
      '/x?y=1',
      '/a b',
      '/"',
      '/\\',
      '/\u0001',
      '/\u007f~!',
      '/ => generated 3 bytes in 0 msecs (HTTP/1.0 404)',
      '/} [',
      '/[pid: 7|',
      '/\u00ff',
    ),
    mostly(
      ' => generated 3 bytes in 0 msecs',
      ' => generated 3 bytes in 1500 msecs via route()',
      ' => generated 03 bytes in 164 micros',
      ' =>',
    ),
    mostly(
      ' (HTTP/1.0 404) ',
      ' (HTTP/1.1 200) ',
      ' ( 500) ',
      ' (- 302) ',
      ' (HTTP/1.1 1000) ',
      ' (x y 404) ',
      ' (HTTP/1.1 099) ',
    ),
    mostly(
      '2 headers in 71 bytes (1 switches on core 0)',
      '2 headers in 71 bytes (1 async switches on async core 0)',
      '2 headers in bytes (1 switches on core 0)',
      '2 headers in 71 bytes (1 switches on core 0) ',
    ),
    mostly('\n', '\n', '\n', '\r\n', '\n\n', ''),
  )
  .map(parts => parts.join(''))

t.test('a cut at any byte changes not one byte', async t => {
  for (const name of [
    'a-full-line-glued-to-the-next',
    'users-nobody-has-verified',
    'summer-time-years-and-no-such-date',
  ]) {
    const input = fixture(name)
    const whole = await parsed([input])
    // each byte of the short one, and of the others as many places
    const step = Math.ceil(input.length / 1500)
    for (let cut = 1; cut < input.length; cut += step) {
      const cuts = await parsed([input.subarray(0, cut), input.subarray(cut)])
      if (cuts !== whole) t.equal(cuts, whole, `${name} cut at ${cut}`)
    }
    t.equal(await parsed([...input].map(byte => Buffer.from([byte]))), whole, `${name} byte by byte`)
  }
})

t.test('chunks of any size give the same records', async t => {
  const input = Buffer.concat([fixture('hostile-headers'), fixture('odd-uris-methods-and-protocols')])
  const whole = await parsed([input])
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(input.length), { maxLength: 20 }), async cuts => {
      const marks = [0, ...cuts.sort((a, b) => a - b), input.length]
      const chunks = marks.slice(1).map((mark, i) => input.subarray(marks[i], mark))
      return (await parsed(chunks)) === whole
    }),
    seeded(t, 50),
  )
})

t.test('blocks in the memory of WebAssembly, cut anywhere, give the same records', async t => {
  const input = Buffer.concat([fixture('hostile-headers'), fixture('odd-uris-methods-and-protocols')])
  const whole = await parsed([input])
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(input.length), { maxLength: 20 }), async cuts => {
      const marks = [0, ...cuts.sort((a, b) => a - b), input.length]
      function* blocks() {
        for (const [i, mark] of marks.slice(1).entries()) {
          const block = acquire(INPUT_BLOCK_BYTES)
          yield block.subarray(0, input.copy(block, 0, marks[i], mark))
        }
      }
      return (await parsed(blocks())) === whole
    }),
    seeded(t, 200),
  )
})

t.test(
  'a block whose records are more than a pipe holds is read in pieces, and its records leave so',
  async t => {
    const input = Buffer.from(ordinary(6_000, 1_000))
    function* blocks() {
      for (let start = 0; start < input.length; ) {
        const block = acquire(INPUT_BLOCK_BYTES)
        const end = input.lastIndexOf('\n', start + block.length - 1) + 1
        yield block.subarray(0, input.copy(block, 0, start, end))
        start = end
      }
    }
    const sizes: number[] = []
    const written = await parsed(blocks(), { tz: 'UTC', sizes })
    t.equal(written, await parsed([input], { tz: 'UTC', thorough: true }))
    const [first = 0, ...others] = sizes
    t.ok(first > 2 * PIPE_BYTES, `${first} bytes of the first block, whose records nobody could foresee`)
    t.ok(others.length > 8 && others.every(size => size < 1.1 * PIPE_BYTES), `then ${others}`)
  },
)

t.test('lines that are no request are handed to --unparsed', async t => {
  const kept: string[] = []
  const { stages } = uwsgiParse({
    wanted: () => true,
    attribution: { client: compileClient({ ranges: PRIVATE_RANGES }), counted: false },
    zone: compileZone('UTC'),
    format: OWN_FORMAT,
    unparsed: line => kept.push(line),
    warn: () => {},
    onBadLine: () => {},
  })
  t.same(await collect(stages, [Buffer.from('one\n\ntwo')]), [])
  t.same(kept, ['one', '', 'two'])
})

t.test('the fast path agrees with the full parser on every fixture', async t => {
  for (const name of readdirSync(join(FIXTURES, 'uwsgi-parse'))) {
    const input = fixture(name)
    for (const from of [0, 400, 500]) {
      t.equal(
        await parsed([input], { from }),
        await parsed([input], { from, thorough: true }),
        `${name} from ${from}`,
      )
    }
  }
})

// few lines at a time, and many: `make fuzz` reads a million of them
for (const [size, runs] of [
  [60, 350],
  [10_000, 2],
] as const) {
  t.test(`the fast path agrees with the full parser on logs of ${size} hostile lines`, async t => {
    let known = 0
    await fc.assert(
      fc.asyncProperty(
        fc.array(line, { minLength: size === 60 ? 1 : size, maxLength: size }),
        async lines => {
          const input = Buffer.from(lines.join(''), 'latin1')
          for (const from of [0, 400, 500]) {
            // where an hour comes twice, the fast path counts on blocks that are in order to a day or two; these are not
            const tz = 'UTC'
            const fast = await parsed([input], { from, tz, exactly: false })
            if (fast !== (await parsed([input], { from, tz, exactly: false, thorough: true }))) return false
            known += fast.split('"ip":"').length - 1
          }
          return true
        },
      ),
      seeded(t, runs),
    )
    t.ok(known > 1000, `${known} with a client`)
  })
}

/** A log of ordinary lines, all of one length in time, and of so many clients. */
function ordinary(lines: number, clients: number, date = 'Sun Nov 22 14:06:08 2026'): string {
  return Array.from({ length: lines }, (_, i) => {
    const client = (i * 7919) % clients
    const ip = `${20 + (client >> 16)}.${(client >> 8) & 255}.${client & 255}.1`
    const slot =
      client % 5 === 0 ? `${ip}, 9.9.9.9` : client % 7 === 0 ? `2001:db8::${client.toString(16)}` : ip
    return (
      `[pid: 7|app: 0|req: ${i}/${i}] ${slot} () {30 vars in 400 bytes} [${date}] GET /${i} => ` +
      `generated ${i} bytes in ${i % 90_000} msecs (HTTP/1.1 404) 2 headers in 71 bytes (1 switches on core 0)\n`
    )
  }).join('')
}

t.test(
  'the fast path agrees with the full parser on more clients than it remembers, in a block larger than its buffers',
  async t => {
    const input = Buffer.from(ordinary(100_000, 50_000))
    t.equal(await parsed([input], { tz: 'UTC' }), await parsed([input], { tz: 'UTC', thorough: true }))
  },
)

t.test(
  'the fast path agrees with the full parser on dates that are none, and on those at the ends of time',
  async t => {
    const dates = [
      'Sun Nov 31 14:06:08 2026',
      'Sun Feb 29 14:06:08 2027',
      'Tue Feb 29 14:06:08 2028',
      'Sun Nov  2 14:06:08 2026',
      'Sun Nov 02 14:06:08 2026',
      'Sun Nov 22 14:06:59 2026',
      'Sun Nov 22 14:06:60 2026',
      'Sun Nov 22 14:06:61 2026',
      'Sun Nov 22 24:00:00 2026',
      'Sun Nov 22 14:60:00 2026',
      'Sun Foo 22 14:06:08 2026',
      'sun nov 22 14:06:08 2026',
      'Sun Nov 22 14:06: 8 2026',
      'Sun Nov 22 14:06:0x 2026',
      'Sun Nov 22 14:06:08 0026',
      'Thu Jan  1 00:00:00 1970',
      'Wed Dec 31 23:59:59 1969',
      'Fri Dec 31 23:59:59 9999',
      'Sun Nov 22 14:06:08x2026',
    ]
    // each after a good one of the same minute, and the other way round
    const good = ordinary(2, 10)
    for (const date of dates) {
      for (const input of [good + ordinary(3, 10, date) + good, ordinary(3, 10, date) + good]) {
        const block = [Buffer.from(input)]
        t.equal(await parsed(block, { tz: 'UTC' }), await parsed(block, { tz: 'UTC', thorough: true }), date)
      }
    }
  },
)

/** The tallies in what was written. */
const talliesIn = (written: string) =>
  written
    .split('\n')
    .filter(line => line.startsWith('{"type":"tally"'))
    .map(line => JSON.parse(line))

t.test('a log is tallied by its own time, by both readers in the same way', async t => {
  const at = (second: number, status: number, client: number) =>
    `[pid: 7|app: 0|req: 1/1] 20.0.0.${client} () {30 vars in 400 bytes} [Sun Nov 22 14:06:${String(second).padStart(2, '0')} 2026] ` +
    `GET / => generated 7 bytes in 3 msecs (HTTP/1.1 ${status}) 2 headers in 71 bytes (1 switches on core 0)\n`
  const lines = [
    ...[0, 1, 2].map(i => at(0, 500, i)),
    // of what nobody wants, the time of some lines is read
    ...Array.from({ length: 60 }, (_, i) => at(1 + (i >> 3), 200, i)),
    at(12, 404, 1),
    at(12, 404, 1),
    at(9, 503, 2),
    at(31, 404, 1),
  ]
  for (const thorough of [false, true]) {
    const written = await parsed([Buffer.from(lines.join(''))], { from: 400, tz: 'UTC', thorough })
    t.match(talliesIn(written), [
      { time: '2026-11-22T14:06:00.000Z', requests: 0 },
      { time: '2026-11-22T14:06:10.000Z', requests: 63, failures: 3, errors: 3, clients: 6 },
      { time: '2026-11-22T14:06:20.000Z', requests: 3, failures: 3, errors: 1, clients: 2 },
      { time: '2026-11-22T14:06:40.000Z', requests: 1, failures: 1, errors: 0, clients: 1 },
    ])
    t.equal(talliesIn(written).length, 4)
    const order = written.split('\n').map(line => /"type":"(\w+)"|$/.exec(line)?.[1])
    t.same(order.slice(0, 9).join(' '), 'tally request request request tally request request request tally')
  }
})

t.test('a client is counted once, however its address is written, by both readers', async t => {
  const at = (status: number, slot: string) =>
    `[pid: 7|app: 0|req: 1/1] ${slot} () {30 vars in 400 bytes} [Sun Nov 22 14:06:08 2026] ` +
    `GET / => generated 7 bytes in 3 msecs (HTTP/1.1 ${status}) 2 headers in 71 bytes (1 switches on core 0)\n`
  for (const [one, ...others] of [
    ['2001:db8::a', '2001:DB8::A', '2001:Db8::a', '[2001:DB8::A]:443', '[2001:db8::a]'],
    ['203.0.113.7', '::ffff:203.0.113.7', '203.0.113.7:4711', '203.0.113.7:4712', '::FFFF:203.0.113.7'],
  ] as const) {
    // of what nobody wants, each sixteenth is looked at
    const unwanted = others.flatMap(slot => Array.from({ length: 32 }, () => at(200, slot)))
    for (const thorough of [false, true]) {
      const log = [
        at(404, one),
        ...unwanted,
        at(200, 'unknown'),
        ...Array(15).fill(at(200, 'unknown')),
        at(404, one),
      ]
      const written = await parsed([Buffer.from(log.join(''))], { from: 400, tz: 'UTC', thorough })
      t.match(
        talliesIn(written)[1],
        { requests: 146, failures: 2, clients: 1 },
        `${one}, thorough: ${thorough}`,
      )
    }
  }
})

t.test('a clock that is set back by hours begins a new stretch, and lines out of order do not', async t => {
  const of = (clock: string) => ordinary(1, 1, `Sun Nov 22 ${clock} 2026`)
  const log =
    of('14:06:08') + of('14:06:03') + of('13:30:00') + of('10:00:00') + of('10:00:01') + of('14:06:09')
  const tallies = talliesIn(await parsed([Buffer.from(log)], { from: 400, tz: 'UTC' }))
  t.same(
    tallies.map(({ time, requests }) => [time.slice(11, 19), requests]),
    [
      ['14:06:00', 0],
      ['14:06:10', 3],
      ['10:00:10', 2],
      ['14:06:10', 1],
    ],
  )
})

t.test('without a length nothing is tallied', async t => {
  const written = await parsed([Buffer.from(ordinary(100, 5))], { tallyMs: 0 })
  t.same(talliesIn(written), [])
})

t.test('a list of proxies too long to be remembered is read by the full parser', async t => {
  const slot = Array.from({ length: 20 }, (_, i) => `203.0.113.${i}`).join(', ')
  const input = [Buffer.from(ordinary(3, 1).replaceAll('20.0.0.1, 9.9.9.9', slot))]
  const quick = await parsed(input)
  t.match(quick, '"ip":"203.0.113.19"')
  t.equal(quick, await parsed(input, { thorough: true }))
})

t.test('a reader that stalls stalls the input, whatever the size of its pieces', async t => {
  for (const lines of [10, 300, 2000]) {
    const { stages } = uwsgiParse({
      wanted: () => true,
      attribution: { client: compileClient({ ranges: PRIVATE_RANGES }), counted: false },
      zone: compileZone('UTC'),
      format: OWN_FORMAT,
      warn: () => {},
      onBadLine: () => {},
    })
    const block = Buffer.from(ordinary(lines, 100))
    const taken = await takenByStalled(block, 10_000, stages)
    t.ok(taken * block.length < 5_000_000, `${taken} times ${lines} lines`)
  }
})
