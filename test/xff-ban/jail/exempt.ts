import t from 'tap'
import { createExempt, type ExemptOptions } from '../../../lib/xff-ban/jail/exempt.js'
import { readWidest } from '../../../lib/xff-ban/jail/width.js'

const exemptOf = (options: Partial<ExemptOptions>) =>
  createExempt({
    ...{ ignore: [], trust: [], edges: false, private: false, widest: { 4: 16, 6: 32 }, now: () => 0 },
    ...options,
  })

t.test('a trusted proxy is never banned, and left out of a prefix that holds it', async t => {
  const { reason, inside } = exemptOf({ trust: ['198.51.100.80', '2001:db8:e::/48'] })
  t.equal(reason('198.51.100.80'), 'a trusted proxy: --trust 198.51.100.80')
  t.equal(reason('2001:db8:e::7'), 'a trusted proxy: --trust 2001:db8:e::/48')
  t.equal(reason('2001:db8:e:1::/64'), 'a trusted proxy: --trust 2001:db8:e::/48')
  t.equal(reason('198.51.100.81'), undefined)
  t.equal(reason('2001:db8:f::7'), undefined)
  t.same(inside('198.51.100.81'), [])
  t.same(inside('198.51.100.0/24'), [
    { range: '198.51.100.80', reason: 'a trusted proxy: --trust 198.51.100.80' },
  ])
  t.same(
    inside('2001:db8::/32').map(({ range }) => range),
    ['2001:db8:e::/48'],
  )
})

t.test('of ranges in one another the widest is left out, once', async t => {
  const ignore = ['203.0.113.8/29', '203.0.113.9', '203.0.113.8/29', '203.0.113.200']
  const { inside } = exemptOf({ ignore })
  t.same(
    inside('203.0.113.0/24').map(({ range }) => range),
    ['203.0.113.8/29', '203.0.113.200'],
  )
})

t.test('a range that is both private and trusted is refused as trusted, also with --private', async t => {
  const { reason } = exemptOf({ trust: ['10.0.0.0/8'], private: true })
  t.equal(reason('10.1.2.3'), 'a trusted proxy: --trust 10.0.0.0/8')
  t.equal(reason('192.168.1.1'), undefined)
})

t.test('a prefix that holds what no ban can leave out is refused', async t => {
  const { reason } = exemptOf({ widest: { 4: 8, 6: 8 } })
  t.match(reason('127.0.0.0/8'), /loopback/)
  t.match(reason('172.0.0.0/8'), /private range 172.16.0.0\/12/)
  t.match(reason('192.0.0.0/8'), /private range/)
  t.equal(reason('8.0.0.0/8'), undefined)
})

t.test('how wide a prefix may be', async t => {
  const { reason } = exemptOf({})
  for (const narrow of ['8.8.0.0/16', '2a00:1450::/32', '8.8.8.8', '2a00::1'])
    t.equal(reason(narrow), undefined)
  t.equal(reason('8.8.0.0/15'), 'wider than /16 (--widest 15,32 allows it)')
  t.equal(reason('2a00:1450::/31'), 'wider than /32 (--widest 16,31 allows it)')
  t.equal(exemptOf({ widest: readWidest('15,31') }).reason('8.8.0.0/15'), undefined)
  t.equal(exemptOf({ widest: readWidest('15,31') }).reason('2a00:1450::/31'), undefined)
  const { reason: any } = exemptOf({ widest: readWidest('8,8'), private: true })
  t.equal(any('8.0.0.0/8'), undefined)
  for (const range of ['8.0.0.0/7', '2000::/3', '0.0.0.0/0', '::/0', '128.0.0.0/1'])
    t.equal(any(range), 'no prefix of fewer than 8 bits is ever banned', range)
})

t.test('--widest is read, or refused', async t => {
  t.same(readWidest('12,24'), { 4: 12, 6: 24 })
  for (const wrong of ['12', '7,32', '16,7', '33,32', '16,129', '/16,/32', 'a,b', '']) {
    t.throws(() => readWidest(wrong), { message: new RegExp(`got ${JSON.stringify(wrong)}$`) }, wrong)
  }
})
