import { BoundedMap } from '../bounded-map.js'

/** What a client asked for in one stretch of time, and in the stretch before. */
interface Asked {
  stretch: number
  failed: number
  all: number
  failedBefore: number
  allBefore: number
}

/** Which share of the requests of each client fails, in the stretch of time of its newest request and the one before. */
export interface Shares {
  /** @param time milliseconds since 1970 */
  saw: (key: string, time: number, isFailure: boolean) => void
  /** The share that failed, from 0 to 1; 1 for a client of which nothing is known. */
  failedOf: (key: string) => number
}

/**
 * By event time alone. A request that is older than both stretches is passed over.
 * @param find how long a stretch is, in milliseconds
 * @param keys how many clients are remembered at most
 */
export function createShares(find: number, keys: number): Shares {
  const known = new BoundedMap<string, Asked>(keys)
  return {
    saw(key, time, isFailure) {
      const stretch = Math.floor(time / find)
      const asked = known.getOrMake(key, () => ({
        stretch,
        failed: 0,
        all: 0,
        failedBefore: 0,
        allBefore: 0,
      }))
      if (stretch > asked.stretch) {
        const follows = stretch === asked.stretch + 1
        asked.failedBefore = follows ? asked.failed : 0
        asked.allBefore = follows ? asked.all : 0
        asked.failed = asked.all = 0
        asked.stretch = stretch
      }
      const failed = isFailure ? 1 : 0
      if (stretch === asked.stretch) {
        asked.failed += failed
        asked.all += 1
      } else if (stretch === asked.stretch - 1) {
        asked.failedBefore += failed
        asked.allBefore += 1
      }
    },
    failedOf(key) {
      const asked = known.get(key)
      if (!asked || asked.all + asked.allBefore === 0) return 1
      return (asked.failed + asked.failedBefore) / (asked.all + asked.allBefore)
    },
  }
}
