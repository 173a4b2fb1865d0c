import type { Global } from '../fast/module.js'
import { encodeLine } from '../wire/jsonl.js'
import { PLACES } from './sampling.js'
import { placeOf, type Stretch } from './stretch.js'

/** What assembly/stretch.ts exports. */
export interface StretchCounts {
  stretchRequests: Global
  stretchFailures: Global
  stretchErrors: Global
  stretchClients: Global
  /** where clients are marked */
  marks: Global
  clearStretch: () => void
  /** @param from the times that are within it, in milliseconds since 1970; `number` from 1 on */
  beginStretch: (from: number, to: number, number: number) => void
}

/** Between a stretch and the module that counts for it. */
export interface BoundStretch {
  /** Has the stretch know what the module has counted. */
  take: () => void
  /** Does something that may end the stretch; the module knows then which one has begun. */
  sync: (work: () => void) => undefined
  /** @returns the tally of the stretch that is over, as a line */
  reach: (time: number) => string
  /** Where the module marks a client; 0 for none. */
  placeOf: (ip: string | null) => number
}

/** @param stretch undefined: nothing is tallied */
export function bindStretch(
  module: StretchCounts,
  memory: Buffer,
  stretch: Stretch | undefined,
): BoundStretch {
  stretch?.markIn(new Uint32Array(memory.buffer, memory.byteOffset + module.marks.value, PLACES))
  let to = Number.NaN
  const take = () => {
    const { stretchRequests, stretchFailures, stretchErrors, stretchClients } = module
    stretch?.count({
      requests: stretchRequests.value,
      failures: stretchFailures.value,
      errors: stretchErrors.value,
      clients: stretchClients.value,
    })
    module.clearStretch()
  }
  const follow = () => {
    if (!stretch || stretch.to() === to) return
    to = stretch.to()
    module.beginStretch(stretch.from(), to, stretch.number())
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
    placeOf: ip => (stretch && ip !== null ? placeOf(ip) : 0),
  }
}
