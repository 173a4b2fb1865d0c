/** Why an address that failed was not banned. */
import t from 'tap'
import { whyNone } from '../../lib/xff-report/why-none.js'

const one = {
  ip: '203.0.113.7',
  max: 10,
  find: 300_000,
  limits: [],
  isHeld: false,
  banned: ['203.0.113.8', 'x', '198.51.100.0/24'],
  allowed: ['192.0.2.0/24'],
}

t.test('the first reason that holds is given', async t => {
  t.equal(
    whyNone(one),
    'it never failed 10 times within 5 min (--max 10 --find 300). Nor would another limit of the table have banned it.',
  )
  const limits = [
    { max: 3, find: 60_000 },
    { max: 5, find: 900_000 },
    { max: 5, find: 3_600_000 },
  ]
  t.match(whyNone({ ...one, limits }), '(--max 10 --find 300). --max 5 --find 900 would have banned it.')
  t.match(whyNone({ ...one, limits: [{ max: 10, find: 300_000 }] }), /^by --max 10 --find 300 it would have/)
  t.match(whyNone({ ...one, limits: undefined }), 'too many addresses')
  t.match(whyNone({ ...one, ip: '198.51.100.9' }), 'it lies in 198.51.100.0/24, which was banned.')
  t.match(whyNone({ ...one, ip: '192.0.2.9', isHeld: true }), '--brake')
  t.match(whyNone({ ...one, ip: '192.0.2.9' }), '192.0.2.0/24 is allowed')
  t.match(whyNone({ ...one, ip: '10.0.0.9' }), 'private')
  t.match(whyNone({ ...one, ip: '104.16.0.1' }), 'it belongs to cloudflare')
})
