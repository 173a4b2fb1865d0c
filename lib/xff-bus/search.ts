import { createTrail, type Place } from './place.js'

/** What may have to be sent is held while the place is looked for, up to so many bytes. */
const MAX_HELD_BYTES = 64 << 20
/** So much later than the newest record sent, the place cannot come any more: in milliseconds. */
const LATE_MS = 60_000
/** The same where a place was found that may not be the last one that looks like it. */
const SOON_MS = 2_000

/** What a search came to. */
export interface Found {
  isFound: boolean
  /** the lines up to the place */
  before: Buffer[]
  /** the lines behind it; where it was not found all that are left, in the order of the log */
  after: { line: Buffer; isSent: boolean }[]
}

/** Looks for the place where a writer was in the lines that it reads anew. */
export interface Search {
  /** Takes the next line. @returns whether the search is over */
  see: (line: Buffer, time: number) => boolean
  /** Ends it. */
  end: () => Found
}

/**
 * A point that agrees with the place in all that can be compared is the place. Near the beginning of the input that is
 * little, and a run of equal lines may look like it: then a later point that agrees in more is taken instead.
 */
export function createSearch(place: Place): Search {
  const trail = createTrail()
  const held: { line: Buffer; time: number }[] = []
  let heldBytes = 0
  let candidate: number | undefined
  return {
    see(line, time) {
      trail.add(line)
      held.push({ line, time })
      heldBytes += line.length
      const agreement = trail.agreement(place)
      if (agreement > 0) candidate = held.length
      if (agreement === Number.POSITIVE_INFINITY) return true
      return time > place.newest + (candidate === undefined ? LATE_MS : SOON_MS) || heldBytes > MAX_HELD_BYTES
    },
    end() {
      const at = candidate ?? 0
      const isFound = candidate !== undefined
      return {
        isFound,
        before: held.slice(0, at).map(({ line }) => line),
        after: held.slice(at).map(({ line, time }) => ({ line, isSent: !isFound && !(time > place.newest) })),
      }
    },
  }
}
