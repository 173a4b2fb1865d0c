/** A source of chances that tells the same story for the same seed (mulberry32). */
export interface Chance {
  /** a whole number from 0 */
  below: (n: number) => number
  pick: <T>(list: readonly T[]) => T
  /** true with this probability */
  happens: (probability: number) => boolean
}

export function createChance(seed: number): Chance {
  let state = seed >>> 0
  const random = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (n: number) => Math.floor(random() * n)
  return {
    below,
    pick: list => list[below(list.length)] as (typeof list)[number],
    happens: probability => random() < probability,
  }
}
