/** How the command line wants bans to get longer; times in seconds. */
export interface Wishes {
  time: number | undefined
  increment: boolean
  factor: number | undefined
  most: number | undefined
}

const TIME = 3_600
const FACTOR = 2
const MOST = 7 * 86_400

/**
 * How long the nth ban of an address lasts, in milliseconds: all the same, or each one `factor` times as long as
 * the one before and none longer than `most`.
 * @throws RangeError that names the options
 */
export function escalation({ time = TIME, increment, factor, most }: Wishes): (count: number) => number {
  if (!increment) {
    const lost = factor !== undefined ? '--factor' : most !== undefined ? '--time-max' : undefined
    if (lost) throw new RangeError(`${lost}: expected --increment with it, got none`)
    return () => time * 1000
  }
  const longest = most ?? Math.max(MOST, time)
  if (longest < time)
    throw new RangeError(`--time-max: expected at least --time, ${time} s, got ${longest} s`)
  return count => Math.floor(Math.min(longest, time * (factor ?? FACTOR) ** (count - 1)) * 1000)
}
