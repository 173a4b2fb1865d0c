import t from 'tap'
import { compileMatch } from '../../../../lib/xff-ban/backend/iptables/match.js'

const patterns = (match: string, ip: string, mapped = false) =>
  compileMatch(match, mapped)
    .spell(ip)
    .flatMap(({ patterns }) => patterns)

t.test('the presets of --match are what the front ends send', async t => {
  t.same(patterns('http', '1.2.3.4'), [
    'X-Forwarded-For: 1.2.3.4\r\n',
    ', 1.2.3.4\r\n',
    '\r\nx-forwarded-for: 1.2.3.4\r\n\r\n',
  ])
  t.same(patterns('uwsgi', '2001:db8::5'), ['\x0b\x00REMOTE_ADDR\x0b\x002001:db8::5'])
  t.same(patterns('recipe', '1.2.3.4'), ['X-Forwarded-For: 1.2.3.4,'])
  t.same(patterns('behind:10.77.0.1', '1.2.3.4'), [
    'X-Forwarded-For: 1.2.3.4, 10.77.0.1\r\n',
    ', 1.2.3.4, 10.77.0.1\r\n',
  ])
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
