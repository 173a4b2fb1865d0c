import t from 'tap'
import { canonical, family } from '../../lib/net/address.js'
import { contains, formatPrefix, overlap, type Prefix, parsePrefix } from '../../lib/net/prefix.js'
import { compileRanges } from '../../lib/net/ranges.js'

t.test('canonical text is that of RFC 5952', async t => {
  for (const [given, expected] of [
    ['1.2.3.4', '1.2.3.4'],
    ['::ffff:1.2.3.4', '1.2.3.4'],
    ['::FFFF:102:304', '1.2.3.4'],
    ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['::', '::'],
    ['::1.2.3.4', '::102:304'],
    ['0:0:0:0:0:0:0:1', '::1'],
  ] as const) {
    t.equal(canonical(given), expected, given)
  }
})

t.test('a text that is no address is rejected', async t => {
  for (const text of [
    '',
    '010.1.1.1',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '16843009',
    '0x1.2.3.4',
    '1.2.3.4:80',
  ]) {
    t.equal(canonical(text), null, text)
  }
  for (const text of [' 1.2.3.4', '[::1]', ':::', '1::2::3', '12345::', 'unknown', '1.2.3.4/8', '１.2.3.4']) {
    t.equal(canonical(text), null, text)
  }
})

t.test('an address is of the family in which it is written', async t => {
  t.equal(family('1.2.3.4'), 4)
  t.equal(family('2001:db8::/32'), 6)
})

t.test('a prefix is read, written and compared by its bits', async t => {
  for (const [given, expected] of [
    ['10.1.2.3/8', '10.0.0.0/8'],
    ['203.0.113.7', '203.0.113.7'],
    ['203.0.113.7/32', '203.0.113.7'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['2001:db8:5:6:7::/64', '2001:db8:5:6::/64'],
    ['::ffff:10.0.0.0/104', '10.0.0.0/8'],
    ['2001:db8::1/128', '2001:db8::1'],
  ] as const) {
    t.equal(formatPrefix(parsePrefix(given) as Prefix), expected, given)
  }
  for (const text of [
    '',
    '/8',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/08',
    '10.0.0.0/8/8',
    '::/129',
    '::ffff:1.2.3.4/8',
  ]) {
    t.equal(parsePrefix(text), null, text)
  }
})

t.test('prefixes overlap if one of them holds the other', async t => {
  const prefix = (text: string) => parsePrefix(text) as Prefix
  t.ok(overlap(prefix('10.0.0.0/8'), prefix('10.1.0.0/16')))
  t.ok(overlap(prefix('10.1.0.0/16'), prefix('10.0.0.0/8')))
  t.notOk(overlap(prefix('10.0.0.0/8'), prefix('11.0.0.0/8')))
  t.notOk(overlap(prefix('0.0.0.0/0'), prefix('::/0')))
  t.ok(contains(prefix('2001:db8::/33'), prefix('2001:db8:7fff::').network))
  t.notOk(contains(prefix('2001:db8::/33'), prefix('2001:db8:8000::').network))
})

t.test('a list of ranges holds the addresses of each of them', async t => {
  const ours = compileRanges(['10.0.0.0/8', 'fc00::/7', '192.0.2.1'])
  for (const address of ['10.255.0.1', 'fd00::1', '192.0.2.1', '::ffff:10.0.0.1'])
    t.ok(ours(address), address)
  for (const address of ['11.0.0.0', '192.0.2.10', 'fe80::1', 'no address']) t.notOk(ours(address), address)
  t.ok(ours('10.255.0.1'), 'the remembered verdict is the same')
  t.throws(() => compileRanges(['10.0.0.0/8', '10.0.0.0/40']), { message: /got "10.0.0.0\/40"/ })
})
