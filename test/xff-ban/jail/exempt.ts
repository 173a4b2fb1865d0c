import t from 'tap'
import { createExempt } from '../../../lib/xff-ban/jail/exempt.js'

const now = () => 0

t.test('a trusted proxy is never banned, nor a prefix that holds one', async t => {
  const exempt = createExempt({
    ignore: [],
    trust: ['198.51.100.80', '2001:db8:e::/48'],
    private: false,
    now,
  })
  t.equal(exempt('198.51.100.80'), 'a trusted proxy: --trust 198.51.100.80')
  t.equal(exempt('198.51.100.0/24'), 'a trusted proxy: --trust 198.51.100.80')
  t.equal(exempt('2001:db8:e::7'), 'a trusted proxy: --trust 2001:db8:e::/48')
  t.equal(exempt('198.51.100.81'), undefined)
  t.equal(exempt('2001:db8:f::7'), undefined)
})

t.test('a range that is both private and trusted is refused as trusted, also with --private', async t => {
  const exempt = createExempt({ ignore: [], trust: ['10.0.0.0/8'], private: true, now })
  t.equal(exempt('10.1.2.3'), 'a trusted proxy: --trust 10.0.0.0/8')
  t.equal(exempt('192.168.1.1'), undefined)
})
