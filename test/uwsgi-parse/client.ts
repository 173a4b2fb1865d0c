import t from 'tap'
import { PRIVATE_RANGES } from '../../lib/net/private.js'
import { compileClient, hopAddress } from '../../lib/uwsgi-parse/client.js'

t.test('the client is the first hop from the right that is no proxy of ours', async t => {
  const client = compileClient({ ranges: PRIVATE_RANGES })
  for (const [slot, ip] of [
    ['1.2.3.4', '1.2.3.4'],
    ['8.8.8.8, 1.2.3.4', '1.2.3.4'],
    ['8.8.8.8, 1.2.3.4, 10.77.0.1, fd00::1', '1.2.3.4'],
    ['garbage (), 1.2.3.4', '1.2.3.4'],
    ['10.0.0.9, 192.168.0.1', '10.0.0.9'],
    ['1.2.3.4, unknown', null],
    ['1.2.3.4, unknown, 10.0.0.1', null],
    ['1.2.3.4,', null],
    ['1.2.3.4,,10.0.0.1', null],
    ['', null],
    ['10.0.0.1, ', null],
    ['172.32.0.1, 172.31.0.1', '172.32.0.1'],
    ['::ffff:1.2.3.4, ::1', '1.2.3.4'],
    ['1.2.3.4,\t10.0.0.1 ', '1.2.3.4'],
  ] as const) {
    t.equal(client(slot).ip, ip, slot)
    t.equal(client(slot).ip, ip, 'the same again')
    t.equal(client(slot).isListed, slot.includes(','))
  }
})

t.test('--trust replaces the private ranges, --hops counts from the right', async t => {
  t.equal(compileClient({ ranges: ['8.8.8.0/24'] })('9.9.9.9, 10.0.0.1, 8.8.8.8').ip, '10.0.0.1')
  const second = compileClient({ ranges: [], hops: 2 })
  t.equal(second('8.8.8.8, 1.2.3.4, 203.0.113.1').ip, '1.2.3.4')
  t.equal(second('1.2.3.4, unknown').ip, null, 'who knows whether that was a proxy of ours')
  t.equal(second('1.2.3.4').ip, null, 'too few')
  t.equal(second('unknown, 1.2.3.4').ip, null)
})

t.test('a list of 4 KB is read, and so are more lists than the cache holds', async t => {
  const client = compileClient({ ranges: PRIVATE_RANGES })
  t.equal(client(`${'8.8.8.8, '.repeat(500)}1.2.3.4`).ip, '1.2.3.4')
  t.equal(client(`1.2.3.4${', 10.0.0.1'.repeat(500)}`).ip, '1.2.3.4')
  for (let i = 0; i < 10_000; i++) {
    const ip = `11.0.${i >> 8}.${i & 255}`
    if (client(ip).ip !== ip) t.fail(ip)
  }
})

t.test('an entry is an address with or without port and brackets, and all else is none', async t => {
  for (const [hop, address] of [
    ['1.2.3.4:5678', '1.2.3.4'],
    ['[2001:db8::1]:443', '2001:db8::1'],
    ['[2001:DB8::1]', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['2001:db8::1:443', '2001:db8::1:443'],
    ['[1.2.3.4]', null],
    ['[2001:db8::1', null],
    ['[2001:db8::1]x', null],
    ['1.2.3.4:', null],
    ['1.2.3.4:x', null],
    ['1.2.3.4 5.6.7.8', null],
    [' \t 1.2.3.4\t ', '1.2.3.4'],
    [' \t ', null],
    [`1.2.3.4${' '.repeat(10_000)}5.6.7.8`, null],
    ['"1.2.3.4"', null],
    ['_hidden', null],
    ['010.1.1.1', null],
    ['0.0.0.0', null],
    ['::', null],
    ['1.2.3.4\u000b', null],
    ['\u00a01.2.3.4', null],
  ] as const) {
    t.equal(hopAddress(hop), address, hop)
  }
})
