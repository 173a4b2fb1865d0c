import type { TallyRecord } from '../wire/record.js'

/** How many clients have errors in an outage, at the least. */
const MIN_CLIENTS = 5
/** How many errors wait for their tally. */
const MAX_WAITING = 100_000

/**
 * Errors of the app (5xx) while it is ill are no attack: those of a stretch in which many requests of many clients had
 * one do not count. So errors wait for the tally of their stretch. By event time alone: a replay decides the same.
 */
export interface Outages<T> {
  /** Whether a failure has to wait: an error, once tallies come. */
  mustWait: (status: number | undefined) => boolean
  /** Keeps an error until its stretch is over. */
  wait: (error: T) => void
  /** A key is banned for other failures: its errors so far are part of that. */
  banned: (key: string | number) => void
  /** @returns the errors of the stretch that count, in the order in which they came */
  end: (tally: TallyRecord) => T[]
  /** @returns the errors that wait for a tally that does not come any more, at the end of the input: they count */
  rest: () => T[]
  /** how many errors did not count */
  spared: () => number
}

/** @param share of the requests that have errors in an outage, and of the clients; 0 for none: errors never wait */
export function createOutages<T extends { key: string | number }>(share: number): Outages<T> {
  let isTallied = false
  let waiting: T[] = []
  /** of keys that were banned: how many errors waited then */
  let banned = new Map<string | number, number>()
  let clients = new Set<string | number>()
  let spared = 0

  const take = (): T[] => {
    const errors = waiting.filter(({ key }, i) => i >= (banned.get(key) ?? 0))
    waiting = []
    banned = new Map()
    clients = new Set()
    return errors
  }

  return {
    mustWait: status => share > 0 && isTallied && (status === undefined || status >= 500),
    wait(error) {
      // who sends so many has enough of them that wait already
      if (waiting.length >= MAX_WAITING) {
        spared += 1
        return
      }
      waiting.push(error)
      clients.add(error.key)
    },
    banned(key) {
      if (waiting.length > 0) banned.set(key, waiting.length)
    },
    end(tally) {
      isTallied = true
      const isOutage =
        clients.size >= MIN_CLIENTS &&
        clients.size > share * tally.clients &&
        tally.errors > share * tally.requests
      const errors = take()
      if (!isOutage) return errors
      spared += errors.length
      return []
    },
    rest: take,
    spared: () => spared,
  }
}
