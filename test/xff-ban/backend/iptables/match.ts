import t from 'tap'
import { compileMatch, openEndsOf } from '../../../../lib/xff-ban/backend/iptables/match.js'

const patterns = (match: string, ip: string, mapped = false, appended = false) =>
  compileMatch(match, mapped, appended)
    .spell(ip)
    .flatMap(({ patterns }) => patterns)

t.test('the presets of --match are what the front ends send', async t => {
  t.same(patterns('http', '1.2.3.4'), ['\r\nx-forwarded-for: 1.2.3.4\r\n'])
  t.same(patterns('haproxy', '1.2.3.4'), ['\r\nx-forwarded-for: 1.2.3.4\r\n'])
  t.same(patterns('uwsgi', '2001:db8::5'), ['\x0b\x00REMOTE_ADDR\x0b\x002001:db8::5'])
  t.same(patterns('recipe', '1.2.3.4'), ['X-Forwarded-For: 1.2.3.4,'])
  t.same(patterns('behind:10.77.0.1', '1.2.3.4'), ['\r\nx-forwarded-for: 1.2.3.4, 10.77.0.1\r\n'])
  for (const match of ['http', 'behind:10.77.0.1']) t.ok(compileMatch(match, false).ignoresCase, match)
  for (const match of ['nginx', 'haproxy', 'uwsgi', 'recipe', '{ip}'])
    t.notOk(compileMatch(match, false).ignoresCase, match)
})

t.test('--appended looks for the end of a list, too', async t => {
  t.equal(patterns('nginx', '1.2.3.4', false, true)[1], ', 1.2.3.4\r\n')
  t.equal(patterns('http', '1.2.3.4', false, true)[1], ', 1.2.3.4\r\n')
  t.equal(patterns('behind:10.77.0.1', '1.2.3.4', false, true)[1], ', 1.2.3.4, 10.77.0.1\r\n')
  for (const match of ['haproxy', 'uwsgi', 'recipe', '<{ip}>']) {
    t.throws(() => compileMatch(match, false, true), /with --appended/, match)
  }
})

/** A request of another client, into whose lines the banned address is written. */
const requestOf = (name: string, lines: readonly string[], behind: readonly string[]) =>
  ['GET / HTTP/1.1', ...lines, `${name}: 198.51.100.7`, ...behind, '', ''].join('\r\n')
const CLAIMS = ['Accept-Language: de, 1.2.3.4', 'Cookie: a=b, 1.2.3.4', 'Via: X-Forwarded-For: 1.2.3.4']

t.test('only a whole line of the front end names a client, wherever it stands', async t => {
  for (const [preset, name] of [
    ['http', 'X-Forwarded-For'],
    ['http', 'x-forwarded-for'],
    ['http', 'X-FORWARDED-FOR'],
    ['nginx', 'X-Forwarded-For'],
    ['haproxy', 'x-forwarded-for'],
  ] as const) {
    const { ignoresCase } = compileMatch(preset, false)
    const found = (packet: string) =>
      patterns(preset, '1.2.3.4').some(pattern =>
        (ignoresCase ? packet.toLowerCase() : packet).includes(pattern),
      )
    t.notOk(found(requestOf(name, CLAIMS, CLAIMS)), `${preset}: what others write`)
    for (const behind of [[], ['connection: keep-alive']]) {
      const banned = requestOf(name, ['Host: a'], behind).replace('198.51.100.7', '1.2.3.4')
      t.ok(found(banned), `${preset}: the line and ${behind.length} more`)
    }
  }
})

t.test('a template that leaves an end of the address open is warned of', async t => {
  t.match(openEndsOf('X-Real-IP: {ip}'), [/^--match "X-Real-IP: \{ip\}" is a prefix match: .* 1\.2\.3\.45/])
  t.match(openEndsOf('{ip},'), [/is a suffix match: .* 11\.2\.3\.4/])
  t.equal(openEndsOf('{ip}').length, 2)
  for (const match of ['http', 'uwsgi', 'behind:10.0.0.1', '<{ip}>', '|0400|ADDR{len}{ip}']) {
    t.same(openEndsOf(match), [], match)
  }
})

t.test('no pattern of one client is in the packet of a textual neighbour', async t => {
  for (const preset of ['http', 'uwsgi']) {
    const neighbours = ['1.2.3.45', '11.2.3.4', '1.2.3.4.5'].flatMap(ip => patterns(preset, ip))
    for (const pattern of patterns(preset, '1.2.3.4')) {
      t.notOk(
        neighbours.some(packet => packet.includes(pattern)),
        `${preset}: ${JSON.stringify(pattern)}`,
      )
    }
  }
})

t.test('a template of --match holds text, {ip}, {len} and hex between bars', async t => {
  t.same(patterns('tag;{ip};|7c0d|{len}', '1.2.3.4'), ['tag;1.2.3.4;|\r\x07\x00'])
  t.same(patterns('<{ip}>', '1.2.3.4', true), ['<1.2.3.4>', '<::ffff:1.2.3.4>'])
  t.same(patterns('<{ip}>', '2001:db8::5', true), ['<2001:db8::5>'])
  for (const match of [
    'nothing',
    '{ip}|0d',
    '{ip}|0|',
    '{ip}||',
    'behind:x',
    `{ip}${'x'.repeat(100)}`,
    '__proto__',
  ]) {
    t.throws(() => compileMatch(match, false), RangeError, match)
  }
})
