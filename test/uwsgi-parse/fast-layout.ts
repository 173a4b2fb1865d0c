/** The module reads lines of a log-format as the full parser does, which is the definition. */
import fc from 'fast-check'
import t from 'tap'
import { PRIVATE_RANGES } from '../../lib/net/private.js'
import { compileClient } from '../../lib/uwsgi-parse/client.js'
import { compileLayout } from '../../lib/uwsgi-parse/fast-layout.js'
import { compileFormat, type Format } from '../../lib/uwsgi-parse/layout/log-format.js'
import { namedFormat } from '../../lib/uwsgi-parse/layout/named.js'
import { uwsgiParse } from '../../lib/uwsgi-parse/stage.js'
import { compileZone } from '../../lib/uwsgi-parse/time/zone.js'
import { collect } from '../support/collect.js'
import { seeded } from '../support/seeded.js'

const ISO = { strftime: true, logDate: '%Y-%m-%dT%H:%M:%S%z' }

/** Layouts that the module reads, with the values of an ordinary line. */
const FORMATS: Readonly<Record<string, Format>> = {
  combined: compileFormat({
    format:
      '%(addr) - %(user) [%(ltime)] "%(method) %(uri) %(proto)" %(status) %(size) "%(referer)" "%(uagent)"',
  }),
  json: compileFormat({
    ...ISO,
    format:
      '{"time":"%(ftime)","ip":"%(addr)","status":%(status),"method":"%(method)","uri":"%(uri)","size":%(size),"msecs":%(msecs)}',
  }),
  bars: compileFormat({
    format:
      '%(epoch) | %(pid) %(addr) | %(user) | %(uri) | %(var.HTTP_X_APP) %(request_id) | %(status) %(rsize) %(msecs)',
  }),
  'address last': compileFormat({ format: '[%(ltime)] %(status) %(msecs) %(method) %(uri) %(addr)' }),
  // of several layouts, the module has the first
  apache: namedFormat('apache', {}),
  tabs: compileFormat({ format: '%(tmsecs)\t%(addr)\t%(host)\t%(uri)\t%(status)\t%(uagent)' }),
}

const FORMAT_TEXTS: Readonly<Record<string, string>> = {
  combined:
    '%(addr) - %(user) [%(ltime)] "%(method) %(uri) %(proto)" %(status) %(size) "%(referer)" "%(uagent)"',
  json: '{"time":"%(ftime)","ip":"%(addr)","status":%(status),"method":"%(method)","uri":"%(uri)","size":%(size),"msecs":%(msecs)}',
  apache: '%(addr) - %(user) [%(ltime)] "%(method) %(uri) %(proto)" %(status) %(size)%(behind)',
  bars: '%(epoch) | %(pid) %(addr) | %(user) | %(uri) | %(x) %(x) | %(status) %(size) %(msecs)',
  'address last': '[%(ltime)] %(status) %(msecs) %(method) %(uri) %(addr)',
  tabs: '%(tmsecs)\t%(addr)\t%(user)\t%(uri)\t%(status)\t%(uagent)',
}

/** The first of these nine times out of ten. */
const mostly = (usual: string, ...odd: string[]) =>
  fc.oneof({ weight: 9, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...odd) })
const hostile = [
  ' - ',
  '" ',
  '"',
  ' ',
  '\t',
  ' | ',
  '\\',
  '\u0001',
  '\u00e9',
  '',
  '-',
  '","status":404,"',
  '" 404 1 "',
  '8.8.8.8',
]

const VALUES: Readonly<Record<string, fc.Arbitrary<string>>> = {
  addr: fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom('203.0.113.7', '203.0.113.8', '2001:DB8::7') },
    fc.constantFrom(
      '8.8.8.8, 203.0.113.9',
      '203.0.113.9, 10.0.0.1',
      '10.0.0.1',
      'unknown',
      '-',
      '',
      '1.2.3.4 - 5.6.7.8',
      'web: 1.2.3.4',
      'www.example.org:443 203.0.113.7',
      'fe80::1%eth0',
      'unix:',
      '1.2.3.4'.repeat(7),
    ),
    fc.constantFrom(...hostile),
  ),
  user: mostly('-', 'bob', 'x - 1.2.3.4', 'a [b', ...hostile),
  ltime: mostly(
    '22/Nov/2026:14:06:08 +0000',
    '22/Nov/2026:14:06:59 +0000',
    '22/Nov/2026:14:07:60 +0000',
    '22/nov/2026:14:06:08 +0000',
    '31/Feb/2026:14:06:08 +0000',
    '22/Nov/2026:14:06:08 +0130',
    '22/Nov/2026:14:06:8 +0000',
    '22/November/2026:14:06:08 +0000',
  ),
  ftime: mostly(
    '2026-11-22T14:06:08+0000',
    '2026-11-22T14:06:58+0000',
    '2026-11-22T14:07:61+0000',
    '2026-02-31T14:06:08+0000',
    '2026-11-22T14:06:08+0200',
    '2026-11-22T14:06:0',
    '1969-11-22T14:06:08+0000',
  ),
  epoch: mostly('1795356368', '0', '01', '-5', '99999999999999', '-'),
  tmsecs: mostly('1795356368123', '1795356368124', '-', '007', '300000000000000'),
  pid: mostly('7', '-', '-7', '123456789012345678901', 'x'),
  method: mostly('GET', 'POST', '', 'GET GET', ...hostile),
  uri: mostly('/', '/x?y=1', '/a b', '/~\u007f', `/${'y'.repeat(1100)}`, '/" 404 3 "', '/ | x', ...hostile),
  proto: mostly('HTTP/1.1', 'HTTP/1.0', '', ...hostile),
  status: fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom('200', '404', '500') },
    fc.constantFrom('099', '1000', '-', '0', '40'),
  ),
  size: mostly('3', '0', '03', '-', '-1', '1234567890123456'),
  msecs: mostly('0', '15', '1500', '015', '-', '1234567890'),
  referer: mostly('-', 'https://www.example.org/', '', ...hostile),
  uagent: mostly('Mozilla/5.0 (X11; Linux)', '-', '', ...hostile),
  behind: mostly(' "-" "curl/8"', '', ' "a" "b" "c"', ' "-"', ' "https://a/" "x\\"y"'),
  x: mostly('abc', '-', '', ...hostile),
}

const lineOf = (format: string) =>
  fc
    .tuple(
      ...format
        .split(/%\((\w+)\)/)
        .map((piece, i) => (i % 2 === 0 ? fc.constant(piece) : (VALUES[piece] as fc.Arbitrary<string>))),
      mostly(
        '\n',
        '\r\n',
        ' \n',
        '\n\n',
        '',
        ' 8.8.8.8 - x\n',
        '\n8.8.8.8 - y\n',
        '\n2026-11-22T14:06:08Z stdout P x\n',
      ),
    )
    .map(parts => parts.join(''))

/** What becomes of a log that comes in these chunks. */
async function parsed(
  format: Format,
  chunks: Iterable<Buffer>,
  thorough: boolean,
  from = 400,
): Promise<string> {
  const said: unknown[] = []
  const { stages, tally } = uwsgiParse({
    wanted: status => status >= from,
    attribution: { client: compileClient({ ranges: PRIVATE_RANGES }), counted: false },
    ...{ zone: compileZone('Europe/Berlin'), format, thorough, tallyMs: 10_000 },
    warn: advice => said.push(advice),
    onBadLine: bad => said.push(bad),
  })
  const written = Buffer.concat(await collect(stages, chunks)).toString()
  const { lines, requests, wanted, unattributed, unparsed, privateClients, doubts } = tally
  // a line whose status nobody asked for counts as a request, whatever else is wrong with it
  const isExact = from === 0
  const read = isExact ? [requests, unparsed] : [requests + unparsed]
  return (
    (isExact ? written : written.replace(/(?<="tally".*"requests":)\d+/g, '')) +
    JSON.stringify([lines, wanted, unattributed, ...read, [...privateClients], [...doubts], said])
  )
}

t.test('any byte of an address slot, and a number of any length', async t => {
  const format = FORMATS.bars as Format
  const lineWith = (slot: string, digits = 1, size = '3') =>
    `1795356368 | ${'7'.repeat(digits)} ${slot} | - | / | x y | 404 ${size} 0\n`
  const bytes = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)).filter(
    byte => byte !== '\n',
  )
  const log = [
    ...bytes.flatMap(byte => [lineWith(`203.0.${byte}113.7`), lineWith(`203.0.113.7${byte}, 203.0.113.8`)]),
    ...Array.from({ length: 40 }, (_, digits) => lineWith('203.0.113.7', digits)),
    ...Array.from({ length: 40 }, (_, digits) => lineWith('203.0.113.7', 1, '7'.repeat(digits))),
  ].map(text => Buffer.from(text, 'latin1'))
  for (const line of log)
    if ((await parsed(format, [line], false)) !== (await parsed(format, [line], true))) t.fail(String(line))
  const whole = [Buffer.concat(log)]
  t.equal(await parsed(format, whole, false), await parsed(format, whole, true))
})

for (const [name, format] of Object.entries(FORMATS)) {
  const line = lineOf(FORMAT_TEXTS[name] ?? '')

  t.test(`${name}: the module agrees with the full parser on hostile lines`, async t => {
    t.ok(compileLayout(format), 'the module has a layout')
    await fc.assert(
      fc.asyncProperty(
        fc.array(line, { minLength: 1, maxLength: 150 }),
        fc.constantFrom(0, 400),
        async (lines, from) => {
          const log = [Buffer.from(lines.join(''), 'latin1')]
          return (await parsed(format, log, false, from)) === (await parsed(format, log, true, from))
        },
      ),
      seeded(t, 60),
    )
  })

  t.test(`${name}: a cut at any byte changes not one byte`, async t => {
    const [lines] = fc.sample(fc.array(line, { minLength: 6, maxLength: 6 }), { numRuns: 1, seed: 7 })
    const log = Buffer.from(lines?.join('') ?? '', 'latin1')
    const whole = await parsed(format, [log], false)
    t.equal(whole, await parsed(format, [log], true))
    for (let cut = 1; cut < log.length; cut++) {
      const cuts = await parsed(format, [log.subarray(0, cut), log.subarray(cut)], false)
      if (cuts !== whole) t.equal(cuts, whole, `cut at ${cut}`)
    }
  })
}
