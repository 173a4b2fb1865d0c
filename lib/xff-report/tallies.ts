import { BoundedMap } from '../bounded-map.js'
import type { TallyRecord } from '../wire/record.js'

/** Of how many it is known that they have come: more than a day of them. */
const MAX_KNOWN = 10_000

/** Tells the tallies that come twice, once beside the requests and once through `xff-window --tallies`. */
export function createTallies() {
  const known = new BoundedMap<string, true>(MAX_KNOWN)
  return {
    /** in all of them, each counted once */
    requests: 0,
    isNew({ time, requests, failures, errors, clients }: TallyRecord): boolean {
      const key = [time, requests, failures, errors, clients].join(' ')
      if (known.has(key)) return false
      known.set(key, true)
      this.requests += requests
      return true
    },
  }
}
