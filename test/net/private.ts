/** One list of the ranges that are ours by default: a drift between copies of it would ban a proxy. */
import t from 'tap'
import {
  INTERNAL_RANGES,
  isLoopback,
  isPrivate,
  LOOPBACK_RANGES,
  PRIVATE_RANGES,
} from '../../lib/net/private.js'

t.test('private addresses, and their neighbours that are none', async t => {
  for (const [inside, outside] of [
    ['127.255.255.255', '128.0.0.0'],
    ['10.0.0.0', '9.255.255.255'],
    ['172.31.255.255', '172.32.0.0'],
    ['192.168.0.1', '192.169.0.0'],
    ['169.254.169.254', '169.255.0.0'],
    ['::1', '::2'],
    ['100.64.0.0', '100.63.255.255'],
    ['100.127.255.255', '100.128.0.0'],
    ['192.0.0.2', '192.0.2.1'],
    ['198.19.255.255', '198.20.0.0'],
    ['240.0.0.1', '223.255.255.255'],
    ['febf::1', 'fe00::1'],
    ['64:ff9b:1::1', '64:ff9b::1'],
    ['2001:2::1', '2001:db8::1'],
    ['fdff::1', 'fe00::1'],
    ['::ffff:10.0.0.1', '::ffff:11.0.0.1'],
  ] as const) {
    t.ok(isPrivate(inside), inside)
    t.notOk(isPrivate(outside), outside)
  }
  t.notOk(isPrivate('no address'))
})

t.test('loopback addresses are those of this machine itself', async t => {
  for (const address of ['127.0.0.1', '::1', '::ffff:127.0.0.1']) t.ok(isLoopback(address), address)
  for (const address of ['10.0.0.1', 'fe80::1', '0.0.0.0']) t.notOk(isLoopback(address), address)
})

t.test('each range is in one list', async t => {
  t.same(new Set(PRIVATE_RANGES).size, LOOPBACK_RANGES.length + INTERNAL_RANGES.length)
})
