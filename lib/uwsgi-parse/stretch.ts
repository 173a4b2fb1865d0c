import { END_OF_TIME_MS, formatInstant } from '../wire/instant.js'
import { encodeLine } from '../wire/jsonl.js'
import type { TallyRecord } from '../wire/record.js'
import { PLACES, SAMPLED_LINES } from './sampling.js'

/** A time that is further back is that of another clock, and not of a line out of order. */
const FAR_BACK_MS = 3_600_000

/** What was counted elsewhere since it was last asked for. */
export interface Counted {
  requests: number
  failures: number
  errors: number
  clients: number
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
  /** Has clients be marked where a module marks them, too: by place, the number of the stretch that saw one last. */
  markIn: (marks: Uint32Array) => void
  /** which stretch it is, from 1 on */
  number: () => number
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
  let counts: Counted = { requests: 0, failures: 0, errors: 0, clients: 0 }
  let marks: Uint32Array = new Uint32Array(PLACES)
  let stretch = 1

  const take = (): TallyRecord => {
    const tally = {
      type: 'tally',
      time: formatInstant(Math.min(to, END_OF_TIME_MS - 1)),
      ...counts,
    } as const
    counts = { requests: 0, failures: 0, errors: 0, clients: 0 }
    stretch += 1
    return tally
  }

  return {
    count({ requests, failures, errors, clients }) {
      counts.requests += requests
      counts.failures += failures
      counts.errors += errors
      counts.clients += clients
    },
    sawClient(ip) {
      const place = placeOf(ip)
      if (marks[place] === stretch) return
      marks[place] = stretch
      counts.clients += 1
    },
    markIn(shared) {
      marks = shared
    },
    number: () => stretch,
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

/** The tally of the last stretch, as bytes; null where there is none. */
export function lastTally(stretch: Stretch | undefined): Buffer | null {
  const tally = stretch?.end()
  return tally ? Buffer.from(encodeLine(tally)) : null
}

/** The place of a client, by its text (FNV-1a, folded to 16 bits). */
export function placeOf(ip: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < ip.length; i++) hash = Math.imul(hash ^ ip.charCodeAt(i), 0x01000193)
  return (hash ^ (hash >>> 16)) & (PLACES - 1)
}
