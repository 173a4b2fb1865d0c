import fc from 'fast-check'
import t from 'tap'
import { PRIVATE_RANGES } from '../../../lib/net/private.js'
import { compileClient } from '../../../lib/uwsgi-parse/client.js'
import { compileFormat, type LogFormat } from '../../../lib/uwsgi-parse/layout/log-format.js'
import { readLine } from '../../../lib/uwsgi-parse/layout/reading.js'
import { toRequest } from '../../../lib/uwsgi-parse/request.js'
import { logClock } from '../../../lib/uwsgi-parse/time/log-clock.js'
import { compileZone } from '../../../lib/uwsgi-parse/time/zone.js'
import { seeded } from '../../support/seeded.js'

const find = compileClient({ ranges: PRIVATE_RANGES })

/** Client and status of a line; undefined where it is not read. */
function parse(
  line: string,
  given: LogFormat,
): { ip: string | null; status: number | undefined } | undefined {
  const format = compileFormat(given)
  const reading = readLine(line, format.layouts[0])
  if (!reading) return undefined
  const clock = logClock(compileZone('UTC'))
  const { ip, status } = toRequest(reading, format, { client: find, counted: false }, clock).record
  return { ip, status }
}

t.test('formats in which one part runs into the next are refused', async t => {
  for (const [format, culprits] of [
    ['%(addr)%(pid) %(status)', '%(addr) and %(pid)'],
    ['%(status)%(addr)', '%(status) and %(addr)'],
    ['%(pid)%(status) "%(addr)"', '%(pid) and %(status)'],
    ['%(status)0%(addr)', '%(status) and "0"'],
    ['%(uri)0%(status) "%(addr)"', '%(uri) and %(status)'],
    ['%(secs).%(uri) %(status) "%(addr)"', '%(secs) and "."'],
    ['%(status) %(var.REMOTE_ADDR)%(ctime)', '%(var.REMOTE_ADDR) and %(ctime)'],
    ['%(status) %(var.REMOTE_ADDR):%(user)', '%(var.REMOTE_ADDR) and ":"'],
    ['%(status) %(addr), %(user)', '%(addr) and %(user)'],
    ['%(status) %(user):%(addr)', '%(user) and %(addr)'],
    ['%(status) %(addr) %(user)', '%(addr) and %(user)'],
    ['%(status) %(uri)%(user) "%(addr)"', '%(uri) and %(user)'],
    ['%(status) %(host)%(addr)', '%(host) and %(addr)'],
  ] as const) {
    const message = `${culprits} stand side by side: nothing tells where the one ends and the other begins. `
    t.throws(() => compileFormat({ format }), new RegExp(escaped(message)), format)
  }
  t.throws(() => compileFormat({ format: '%(%(addr) %(status)' }), { message: /got "%\("/ })
  t.throws(() => compileFormat({ format: '%(addr) %Z%(uri) %(status)', strftime: true }), { message: /"%Z"/ })
})

t.test('host and URI side by side are read as one', async t => {
  const line = '1.2.3.4 [22/Nov/2026:14:06:08 +0000] www.example.org/x 404'
  t.same(parse(line, { format: '%(addr) [%(ltime)] %(host)%(uri) %(status)' }), {
    ip: '1.2.3.4',
    status: 404,
  })
})

t.test('a status has three digits', async t => {
  const format = '%(addr) [%(ltime)] %(status)'
  const line = (status: string) => `1.2.3.4 [22/Nov/2026:14:06:08 +0000] ${status}`
  for (const status of ['96365', '40', '4044', 'x404'])
    t.equal(parse(line(status), { format }), undefined, status)
  t.same(parse(line('404'), { format }), { ip: '1.2.3.4', status: 404 })
})

t.test('a path that is decoded may hold newlines, which JSON escapes', async t => {
  const format = '%(addr) "%(method) %(var.PATH_INFO)" %(status) %(epoch)'
  t.throws(() => compileFormat({ format }), { message: /%\(var\.PATH_INFO\) is decoded/ })
  const line = '8.8.8.8, 1.2.3.4 "GET /x\n8.8.8.8 "GET /" 404 1795356368" 404 1795356368'
  t.same(parse(line, { format, encoded: true }), { ip: null, status: 404 })
  t.same(parse(line.replace(/\n.*68"/, '"'), { format, encoded: true }), { ip: '1.2.3.4', status: 404 })
})

t.test('formats in which something tells them apart are read', async t => {
  for (const [format, line] of [
    ['%(var.REMOTE_ADDR):%(var.REMOTE_PORT) %(status) %(epoch)', '2001:db8::1:8080 404 1795356368'],
    ['%(uri)%(ltime) "%(addr)" %(status)', '/x22/Nov/2026:14:06:08 +0000 "2001:db8::1" 404'],
    ['[%(addr)]-%(status).%(epoch)', '[2001:db8::1]-404.1795356368'],
  ] as const) {
    t.same(parse(line, { format }), { ip: '2001:db8::1', status: 404 }, format)
  }
})

const VALUES: Readonly<Record<string, string>> = {
  epoch: '1795356368',
  time: '1795356368',
  tmicros: '1795356368000000',
  ltime: '22/Nov/2026:14:06:08 +0000',
  ctime: 'Sun Nov 22 14:06:08 2026',
  secs: '0.001234',
  pid: '7',
  msecs: '12',
  size: '404',
  core: '0',
  micros: '-',
}
const NUMBERS = Object.keys(VALUES)
const TEXTS = ['uri', 'method', 'proto', 'user', 'referer', 'uagent', 'var.HTTP_ACCEPT', 'mine']
const LITERALS = [
  ...[
    ' ',
    ' - ',
    ' | ',
    '"',
    ' "',
    '" ',
    '" "',
    ', ',
    ',',
    ';',
    ' [',
    '] ',
    '(',
    ') ',
    ':',
    '/',
    '.',
    '-',
    '0',
  ],
  ...['=', '{"a":"', '","b":', '%% ', 'id=', '\t'],
]
const ADDRESSES = ['addr', 'var.REMOTE_ADDR', 'var.HTTP_X_FORWARDED_FOR']

const format = fc
  .tuple(
    fc.shuffledSubarray([...NUMBERS, ...TEXTS], { maxLength: 5 }),
    fc.subarray(ADDRESSES, { minLength: 1 }),
    fc.array(fc.nat(), { minLength: 9, maxLength: 9 }),
    fc.array(fc.constantFrom('', ...LITERALS, ...LITERALS), { minLength: 11, maxLength: 11 }),
  )
  .map(([names, addresses, order, literals]) => {
    const all = [...names, ...addresses, 'status']
    const mixed = all.map((name, i) => [order[i] ?? 0, name] as const).sort((a, b) => a[0] - b[0])
    return `${literals.at(-1)}${mixed.map(([, name], i) => `%(${name})${literals[i]}`).join('')}`
  })

/** What a client writes who knows the format. */
function hostile(format: string): fc.Arbitrary<string> {
  const filled = format.replace(/%\(([^)]+)\)/g, (_, name: string) =>
    name === 'status' ? '200' : ADDRESSES.includes(name) ? '8.8.8.8' : (VALUES[name] ?? 'x'),
  )
  const piece = fc.oneof(
    fc.constantFrom(
      ...format.split(/%\([^)]+\)/),
      '8.8.8.8',
      '9.9.9.9, ',
      ', ',
      ' ',
      '"',
      '-',
      '::1',
      '7:',
      '2',
    ),
    fc.constantFrom(
      '404',
      '200',
      '10.0.0.1',
      '1.2.3.4',
      filled,
      ...NUMBERS.map(name => VALUES[name] as string),
    ),
    fc.tuple(fc.nat(filled.length), fc.nat(filled.length)).map(([from, to]) => filled.slice(from, to)),
  )
  return fc.array(piece, { maxLength: 6 }).map(parts => parts.join(''))
}

const scene = format.chain(format =>
  fc.record({
    format: fc.constant(format),
    client: fc.constantFrom('1.2.3.4', '98.51.100.7', '2001:db8::1', '::5:6'),
    status: fc.constantFrom('404', '500', '4'),
    appends: fc.boolean(),
    forged: fc.option(hostile(format), { nil: undefined }),
    texts: fc.tuple(...TEXTS.map(() => fc.option(hostile(format), { nil: '-' }))),
  }),
)

t.test('in a format of any make no client chooses another', async t => {
  let known = 0
  fc.assert(
    fc.property(scene, ({ format, client, status, appends, forged, texts }) => {
      // a front end that appends to the header, or nginx with uwsgi_pass and its own variable
      const header = appends ? [...(forged === undefined ? [] : [forged]), client].join(', ') : forged || '-'
      if (!format.includes(appends ? 'HTTP_X_FORWARDED_FOR' : 'REMOTE_ADDR'))
        fc.pre(format.includes('(addr)'))
      const values: Record<string, string> = {
        ...VALUES,
        ...Object.fromEntries(TEXTS.map((name, i) => [name, texts[i] || '-'])),
        status,
        addr: appends ? header : client,
        'var.REMOTE_ADDR': appends ? '10.77.0.1' : client,
        'var.HTTP_X_FORWARDED_FOR': header,
      }
      const line = format.replace(/%\(([^)]+)\)/g, (_, name: string) => values[name] as string)
      const found = readable({ format, forwarded: appends }) && parse(line, { format, forwarded: appends })
      if (found && found.ip !== null) known += 1
      return !found || found.ip === null || (found.ip === client && found.status === Number(status))
    }),
    seeded(t, 3000),
  )
  t.ok(known > 200, `${known} known`)
})

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}

function readable(format: LogFormat): boolean {
  try {
    return compileFormat(format) !== undefined
  } catch {
    return false
  }
}
