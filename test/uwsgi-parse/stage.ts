import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { INPUT_BLOCK_BYTES } from '../../lib/fast/block-size.js'
import { acquire } from '../../lib/fast/buffer-pool.js'
import { PRIVATE_RANGES } from '../../lib/net/private.js'
import { compileClient } from '../../lib/uwsgi-parse/client.js'
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
  { from = 0, thorough = false, tz = 'Europe/Berlin' } = {},
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
  })
  const written = await collect(stages, chunks)
  // a line with a request's head and tail and something else between them, which uWSGI never writes, is dropped as a
  // request nobody asked for where the full parser does not parse it
  const { requests, unparsed, damaged: _, privateClients, proxies, ...counts } = tally
  return (
    Buffer.concat(written).toString() +
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
            const fast = await parsed([input], { from, tz })
            if (fast !== (await parsed([input], { from, tz, thorough: true }))) return false
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
