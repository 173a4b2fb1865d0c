/** Who acts in the kernel tests: the addresses from which requests are made. */

export const ATTACKER = '1.2.3.4'
/** addresses that hold the attacker's, or begin like it, as text */
export const LOOKALIKES = ['1.2.3.45', '11.2.3.4'] as const
export const USER = '198.51.100.7'

export const ATTACKER6 = '2001:db8:a::5'
export const LOOKALIKES6 = ['2001:db8:a::52', '2001:db8:a::5a'] as const
export const USER6 = '2001:db8:a::2a'

/** Everybody else who only wants to read a page. */
export const USERS = [
  ...Array.from({ length: 20 }, (_, i) => `198.51.100.${11 + i}`),
  ...Array.from({ length: 5 }, (_, i) => `2001:db8:a::1:${1 + i}`),
]

/** Appears only where a client writes it into a header: nobody may be made to ban it. */
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
