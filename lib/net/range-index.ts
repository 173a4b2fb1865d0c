import { contains, type Prefix } from './prefix.js'

/** A range, and what is said of it. */
export interface Entry<T> {
  prefix: Prefix
  value: T
}

/** Many ranges, of which few have to be looked at for one address: they are found by their first byte. */
export interface RangeIndex<T> {
  /** The first of the ranges that holds all of a prefix of 8 bits or more. */
  holding: (target: Prefix) => Entry<T> | undefined
  /** All ranges that hold a prefix of 8 bits or more. */
  around: (target: Prefix) => Entry<T>[]
  /** All ranges that lie inside a prefix of 8 bits or more, itself included. */
  inside: (target: Prefix) => Entry<T>[]
}

export function indexRanges<T>(entries: readonly Entry<T>[]): RangeIndex<T> {
  const buckets = new Map<number, Entry<T>[]>()
  for (const entry of entries) {
    for (const key of keysOf(entry.prefix)) {
      const bucket = buckets.get(key)
      if (bucket) bucket.push(entry)
      else buckets.set(key, [entry])
    }
  }
  const near = (target: Prefix) => buckets.get(keyOf(target.network.length, target.network[0] ?? 0)) ?? []
  const holds = ({ prefix }: Entry<T>, target: Prefix) =>
    prefix.length <= target.length && contains(prefix, target.network)
  return {
    holding: target => near(target).find(entry => holds(entry, target)),
    around: target => near(target).filter(entry => holds(entry, target)),
    inside: target =>
      near(target).filter(({ prefix }) => prefix.length >= target.length && contains(target, prefix.network)),
  }
}

function keyOf(bytes: number, first: number): number {
  return bytes * 256 + first
}

/** One for each first byte that an address of the prefix can have. */
function keysOf({ network, length }: Prefix): number[] {
  const first = network[0] ?? 0
  return Array.from({ length: 2 ** Math.max(0, 8 - length) }, (_, i) => keyOf(network.length, first + i))
}
