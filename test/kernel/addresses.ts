/** The addresses from which the kernel tests make requests, in the lab and in the conformance suite. */

export const ATTACKER = '1.2.3.4'
export const ATTACKER6 = '2001:db8:a::5'
/** one more, who is banned later */
export const SECOND_ATTACKER = '203.0.113.8'
/** an address that somebody else has banned, with rules or files of their own */
export const BANNED_BY_OTHERS = '198.51.100.99'

/** Addresses that contain an attacker's as a substring, or have its beginning. */
export const LOOKALIKES = ['1.2.3.45', '11.2.3.4'] as const
export const LOOKALIKES6 = ['2001:db8:a::52', '2001:db8:a::5a'] as const

export const USER = '198.51.100.7'
export const USER6 = '2001:db8:a::2a'
/** Further clients that never fail. */
export const USERS = [
  ...Array.from({ length: 20 }, (_, i) => `198.51.100.${11 + i}`),
  ...Array.from({ length: 5 }, (_, i) => `2001:db8:a::1:${1 + i}`),
]
/** Clients that a ban of the attackers must not hurt: lookalikes, neighbours in the same network, and a user. */
export const BYSTANDERS = [...LOOKALIKES, ...LOOKALIKES6, '1.2.3.5', '2001:db8:a::6', '198.51.100.9']

/** Occurs only in headers that clients write: it must never be banned. */
export const VICTIM = '8.8.8.8'

/** Everyone who has an address on the client side of every lab. */
export const CLIENTS: readonly string[] = [
  ATTACKER,
  ...LOOKALIKES,
  USER,
  ATTACKER6,
  ...LOOKALIKES6,
  USER6,
  ...USERS,
]

export const PREFIXES = ['198.51.100.16/28', '2001:db8:5::/64']
export const IN_PREFIXES = ['198.51.100.16', '198.51.100.31', '2001:db8:5::1', '2001:db8:5:0:ffff::1']
export const BESIDE_PREFIXES = ['198.51.100.15', '198.51.100.32', '2001:db8:4::1', '2001:db8:5:1::1']

export const THOUSAND = Array.from({ length: 1000 }, (_, i) => `198.18.${i >> 8}.${i & 255}`)

/** The networks of all addresses above. */
export const NETWORKS = [
  '1.2.3.0/24',
  '11.2.3.0/24',
  '203.0.113.0/24',
  '198.51.100.0/24',
  '198.18.0.0/16',
  '2001:db8::/32',
]
