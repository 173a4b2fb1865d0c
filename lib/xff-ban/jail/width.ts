import type { Prefix } from '../../net/prefix.js'

/** How many bits a prefix that is banned has at the least, by family. */
export interface Widest {
  4: number
  6: number
}

/** A prefix of fewer bits is banned by nobody: it is a mistake, or somebody else's. */
export const LEAST_BITS = 8

/**
 * Why a prefix is too wide to be banned; undefined when it is not.
 * @param never what is never done to the widest
 */
export function tooWide({ network, length }: Prefix, widest: Widest, never = 'banned'): string | undefined {
  const family = network.length === 4 ? 4 : 6
  if (length >= widest[family]) return undefined
  if (length < LEAST_BITS) return `no prefix of fewer than ${LEAST_BITS} bits is ever ${never}`
  const allowed = family === 4 ? `${length},${widest[6]}` : `${widest[4]},${length}`
  return `wider than /${widest[family]} (--widest ${allowed} allows it)`
}

/** Reads `16,32`. @throws RangeError that quotes what is none */
export function readWidest(text: string): Widest {
  const [, v4, v6] = /^(\d{1,3}),(\d{1,3})$/.exec(text) ?? []
  const widest = { 4: Number(v4), 6: Number(v6) }
  if (isBetween(widest[4], 32) && isBetween(widest[6], 128)) return widest
  throw new RangeError(
    `expected bits of IPv4 from ${LEAST_BITS} to 32 and of IPv6 from ${LEAST_BITS} to 128, such as 12,24, got ${JSON.stringify(text)}`,
  )
}

function isBetween(bits: number, most: number): boolean {
  return bits >= LEAST_BITS && bits <= most
}
