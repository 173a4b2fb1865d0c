import type { Global } from '../fast/module.js'
import { encodeLine } from '../wire/jsonl.js'
import type { Stretch } from './stretch.js'

/** What assembly/stretch.ts exports. */
export interface StretchCounts {
  stretchRequests: Global
  stretchFailures: Global
  stretchErrors: Global
  clearStretch: () => void
  /** The times that are within a stretch, in milliseconds since 1970. */
  beginStretch: (from: number, to: number) => void
}

/** Between a stretch and the module that counts for it. */
export interface BoundStretch {
  /** Has the stretch know what the module has counted. */
  take: () => void
  /** Does something that may end the stretch; the module knows then which one has begun. */
  sync: (work: () => void) => undefined
  /** @returns the tally of the stretch that is over, as a line */
  reach: (time: number) => string
  /** Which client an entry of the module's cache holds, from now on. */
  keepClient: (index: number, ip: string | null) => void
  sawClient: (index: number) => undefined
}

/** @param stretch undefined: nothing is tallied */
export function bindStretch(module: StretchCounts, stretch: Stretch | undefined): BoundStretch {
  const clients: string[] = []
  let to = Number.NaN
  const take = () => {
    const { stretchRequests, stretchFailures, stretchErrors } = module
    stretch?.count({
      requests: stretchRequests.value,
      failures: stretchFailures.value,
      errors: stretchErrors.value,
    })
    module.clearStretch()
  }
  const follow = () => {
    if (!stretch || stretch.to() === to) return
    to = stretch.to()
    module.beginStretch(stretch.from(), to)
  }
  follow()
  return {
    take,
    sync(work) {
      take()
      work()
      follow()
      return undefined
    },
    reach(time) {
      const tally = stretch?.reach(time)
      return tally ? encodeLine(tally) : ''
    },
    keepClient(index, ip) {
      if (stretch && ip !== null) clients[index] = ip
    },
    sawClient(index) {
      stretch?.sawClient(clients[index] ?? '')
      return undefined
    },
  }
}
