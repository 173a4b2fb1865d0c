import t from 'tap'
import { compileKey } from '../../lib/xff-window/key.js'

t.test('a key is an address, or its prefix for IPv6', async t => {
  const whole = compileKey(128)
  const by64 = compileKey(64)
  for (const [ip, alone, prefix] of [
    ['1.2.3.4', '1.2.3.4', '1.2.3.4'],
    ['::ffff:1.2.3.4', '1.2.3.4', '1.2.3.4'],
    ['2001:DB8:5::1', '2001:db8:5::1', '2001:db8:5::/64'],
    ['2001:db8:5:0:ffff::', '2001:db8:5:0:ffff::', '2001:db8:5::/64'],
  ] as const) {
    t.equal(whole(ip), alone)
    t.equal(by64(ip), prefix)
    t.equal(by64(ip), prefix, 'the same again')
  }
})

t.test('a key is the prefix of an IPv4 address, if asked', async t => {
  const by24 = compileKey(128, 24)
  t.same(['1.2.3.4', '::ffff:1.2.3.5', '2001:db8::1'].map(by24), ['1.2.3.0/24', '1.2.3.0/24', '2001:db8::1'])
})
