import { END_OF_TIME_MS, formatInstant } from '../wire/instant.js'
import type { TallyRecord } from '../wire/record.js'

/** Of the requests that become no record, one in so many lines tells its time and its client. */
export const SAMPLED_LINES = 16
/** How many clients are counted in a stretch, and remembered between stretches. */
const MAX_CLIENTS = 65_536
/** A time that is further back is that of another clock, and not of a line out of order. */
const FAR_BACK_MS = 3_600_000

/** What was counted elsewhere since it was last asked for. */
export interface Counted {
  requests: number
  failures: number
  errors: number
}

/**
 * Counts a log by stretches of its own time. A stretch ends before the first request that is later, of those that are
 * looked at: all that become records, and of the others one in `SAMPLED_LINES` lines. To look at more would cost as much
 * as to read the whole line, and most lines need no more than a look at their status.
 */
export interface Stretch {
  count: (counted: Counted) => void
  /** Is told of the client of a request that is looked at. */
  sawClient: (ip: string) => void
  /**
   * Is told of the time of a request that is looked at, before it is counted; milliseconds since 1970.
   * @returns the tally of the stretch that is over
   */
  reach: (time: number) => TallyRecord | undefined
  /** The tally of the last stretch, where there is one. */
  end: () => TallyRecord | undefined
  /** the times that are within it, in milliseconds since 1970; none before the first request */
  from: () => number
  to: () => number
}

/** Whether a line is looked at although nobody wants its status. */
export function isSampled(line: number): boolean {
  return line % SAMPLED_LINES === 0
}

/** @param length of a stretch, in milliseconds; stretches begin at multiples of it */
export function createStretch(length: number): Stretch {
  let [from, to] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY]
  let counts: Counted = { requests: 0, failures: 0, errors: 0 }
  // in which stretch each was last seen: a set for each stretch would grow anew each time
  const seen = new Map<string, number>()
  let clients = 0
  let stretch = 0

  const take = (): TallyRecord => {
    const tally = {
      type: 'tally',
      time: formatInstant(Math.min(to, END_OF_TIME_MS - 1)),
      ...counts,
      clients,
    } as const
    counts = { requests: 0, failures: 0, errors: 0 }
    clients = 0
    stretch += 1
    if (seen.size > MAX_CLIENTS) seen.clear()
    return tally
  }

  return {
    count({ requests, failures, errors }) {
      counts.requests += requests
      counts.failures += failures
      counts.errors += errors
    },
    sawClient(ip) {
      if (clients >= MAX_CLIENTS || seen.get(ip) === stretch) return
      seen.set(ip, stretch)
      clients += 1
    },
    reach(time) {
      if (time < to && time >= from) return undefined
      const begin = Math.floor(time / length) * length
      // the first one only says that tallies come, and from when on
      if (to === Number.NEGATIVE_INFINITY) to = begin
      const tally = take()
      ;[from, to] = [begin - FAR_BACK_MS, begin + length]
      return tally
    },
    end: () => (to === Number.NEGATIVE_INFINITY ? undefined : take()),
    from: () => from,
    to: () => to,
  }
}
