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

/** The times that a rule of xff-window may set, as for --time. */
const MIN_LASTS_S = 1
const MAX_LASTS_S = 315_360_000

/**
 * How long the nth ban of an address lasts, in milliseconds: all the same, or each one `factor` times as long as
 * the one before and none longer than `timeMax`. The time of a rule, `lasts` in seconds, takes the place of `time`.
 * @throws RangeError that names the options
 */
export function escalation(options: EscalationOptions): (count: number, lasts?: number) => number {
  const { time = DEFAULT_TIME_S, increment, factor, timeMax } = options
  if (!increment) {
    const unused = factor !== undefined ? '--factor' : timeMax !== undefined ? '--time-max' : undefined
    if (unused) throw new RangeError(`${unused}: expected --increment with it, got none`)
    return (_, lasts) => firstOf(lasts, time) * 1000
  }
  if (timeMax !== undefined && timeMax < time)
    throw new RangeError(`--time-max: expected at least --time, ${time} s, got ${timeMax} s`)
  return (count, lasts) => {
    const first = firstOf(lasts, time)
    const longest = timeMax ?? Math.max(DEFAULT_TIME_MAX_S, first)
    return Math.floor(Math.min(longest, first * (factor ?? DEFAULT_FACTOR) ** (count - 1)) * 1000)
  }
}

function firstOf(lasts: number | undefined, time: number): number {
  return lasts === undefined ? time : Math.min(Math.max(MIN_LASTS_S, lasts), MAX_LASTS_S)
}
