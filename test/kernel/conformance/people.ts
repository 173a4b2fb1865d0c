/** Who acts in the conformance suite. */

export const ATTACKER = '203.0.113.7'
export const ATTACKER6 = '2001:db8::7'
/** one more, who comes later */
export const LATER = '203.0.113.8'
/** whom somebody else has banned, by means of his own */
export const THEIRS = '198.51.100.99'

/** Who is never to be refused: addresses that hold the others' as text, or lie next to them. */
export const OTHERS = [
  '203.0.113.77',
  '3.0.113.7',
  '203.0.113.6',
  '198.51.100.9',
  '2001:db8::77',
  '2001:db8::1:7',
]

export const PREFIXES = ['198.51.100.16/28', '2001:db8:5::/64']
export const IN_PREFIXES = ['198.51.100.16', '198.51.100.31', '2001:db8:5::1', '2001:db8:5:0:ffff::1']
export const BESIDE_PREFIXES = ['198.51.100.15', '198.51.100.32', '2001:db8:4::1', '2001:db8:5:1::1']

export const THOUSAND = Array.from({ length: 1000 }, (_, i) => `198.18.${i >> 8}.${i & 255}`)

/** Where all of them come from. */
export const RANGES = ['203.0.113.0/24', '3.0.113.0/24', '198.51.100.0/24', '198.18.0.0/16', '2001:db8::/32']
