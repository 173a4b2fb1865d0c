/**
 * A source of chances that tells the same story for the same seed (sfc32): its state is so large that the stories of two
 * seeds do not run into each other.
 */
export interface Chance {
  /** a whole number from 0 */
  below: (n: number) => number
  pick: <T>(list: readonly T[]) => T
  /** true with this probability */
  happens: (probability: number) => boolean
}

export function createChance(seed: number): Chance {
  let [a, b, c, count] = [seed >>> 0, 0x9e3779b9, 0x243f6a88, 1]
  const random = () => {
    const sum = (((a + b) >>> 0) + count++) >>> 0
    a = (b ^ (b >>> 9)) >>> 0
    b = (c + (c << 3)) >>> 0
    c = (((c << 21) | (c >>> 11)) + sum) >>> 0
    return sum / 2 ** 32
  }
  // until each bit of the seed has reached all of the state
  for (let i = 0; i < 15; i++) random()
  const below = (n: number) => Math.floor(random() * n)
  return {
    below,
    pick: list => list[below(list.length)] as (typeof list)[number],
    happens: probability => random() < probability,
  }
}
