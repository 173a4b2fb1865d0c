/** How the command line wants bans to get longer; times in seconds. */
export interface EscalationOptions {
  time: number | undefined
  increment: boolean
  factor: number | undefined
  timeMax: number | undefined
}

const DEFAULT_TIME_S = 3_600
const DEFAULT_FACTOR = 2
const DEFAULT_TIME_MAX_S = 7 * 86_400

/**
 * How long the nth ban of an address lasts, in milliseconds: all the same, or each one `factor` times as long as
 * the one before and none longer than `timeMax`.
 * @throws RangeError that names the options
 */
export function escalation(options: EscalationOptions): (count: number) => number {
  const { time = DEFAULT_TIME_S, increment, factor, timeMax } = options
  if (!increment) {
    const unused = factor !== undefined ? '--factor' : timeMax !== undefined ? '--time-max' : undefined
    if (unused) throw new RangeError(`${unused}: expected --increment with it, got none`)
    return () => time * 1000
  }
  const longest = timeMax ?? Math.max(DEFAULT_TIME_MAX_S, time)
  if (longest < time)
    throw new RangeError(`--time-max: expected at least --time, ${time} s, got ${longest} s`)
  return count => Math.floor(Math.min(longest, time * (factor ?? DEFAULT_FACTOR) ** (count - 1)) * 1000)
}
