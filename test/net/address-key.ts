import fc from 'fast-check'
import t from 'tap'
import { canonical } from '../../lib/net/address.js'
import { addressKey, addressText } from '../../lib/net/address-key.js'
import { seeded } from '../support/seeded.js'

t.test('an address is found again by its key, and IPv4 is a small number', async t => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), ip => {
      const address = canonical(ip) ?? ''
      const key = addressKey(address)
      const isSmall = address.includes(':') ? key === address : key === Number(key) >> 0
      return isSmall && addressText(key) === address
    }),
    seeded(t, 1000),
  )
  t.equal(addressKey('203.0.113.7'), -889163513)
  t.equal(addressKey('255.255.255.255'), -1)
  t.equal(addressKey('203.0.113.07'), '203.0.113.07')
})
