import { isIPv4 } from 'node:net'

/**
 * A canonical address where many are looked up: IPv4 as a number of 32 bits, with a sign. V8 keeps such a number in the
 * place of a pointer: it has to be neither allocated nor followed.
 */
export type AddressKey = number | string

export function addressKey(canonical: string): AddressKey {
  if (!isIPv4(canonical)) return canonical
  const [one = 0, two = 0, three = 0, four = 0] = canonical.split('.').map(Number)
  return (one << 24) | (two << 16) | (three << 8) | four
}

export function addressText(key: AddressKey): string {
  if (typeof key === 'string') return key
  return [key >>> 24, (key >>> 16) & 255, (key >>> 8) & 255, key & 255].join('.')
}
