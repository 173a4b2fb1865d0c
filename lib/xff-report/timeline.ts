/** Counts of one interval; `start` in milliseconds since 1970. */
export interface Bucket {
  start: number
  failures: number
  bans: number
}

export interface Timeline {
  add: (time: number, what: 'failures' | 'bans') => void
  /** All buckets from the first to the last, empty ones included; `width` in milliseconds. */
  buckets: () => { width: number; buckets: Bucket[] }
}

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
/** In milliseconds; each is a multiple of the one before, so that buckets can be merged. */
const WIDTHS = [
  1000,
  5000,
  15_000,
  MINUTE_MS,
  5 * MINUTE_MS,
  15 * MINUTE_MS,
  HOUR_MS,
  3 * HOUR_MS,
  6 * HOUR_MS,
  DAY_MS,
  7 * DAY_MS,
]

/** Counts over time in at most `maxBuckets` buckets, which widen as the covered time grows. */
export function createTimeline(maxBuckets = 168): Timeline {
  let [width = 1000] = WIDTHS
  let step = 0
  let first = Number.POSITIVE_INFINITY
  let last = Number.NEGATIVE_INFINITY
  let counts = new Map<number, Bucket>()
  // the bucket that was last added to: mostly the next one is the same
  let current: Bucket = { start: Number.NaN, failures: 0, bans: 0 }

  const at = (index: number) => {
    const known = counts.get(index)
    if (known) return known
    const bucket = { start: index * width, failures: 0, bans: 0 }
    counts.set(index, bucket)
    return bucket
  }

  const widen = () => {
    const narrow = counts
    const before = width
    step += 1
    width = WIDTHS[step] ?? before * 2
    counts = new Map()
    for (const [index, { failures, bans }] of narrow) {
      const count = at(Math.floor((index * before) / width))
      count.failures += failures
      count.bans += bans
    }
    first = Math.floor((first * before) / width)
    last = Math.floor((last * before) / width)
  }

  return {
    add(time, what) {
      if (time >= current.start && time < current.start + width) {
        current[what] += 1
        return
      }
      const reach = () => {
        const index = Math.floor(time / width)
        return Math.max(last, index) - Math.min(first, index)
      }
      while (first <= last && reach() >= maxBuckets) widen()
      const index = Math.floor(time / width)
      first = Math.min(first, index)
      last = Math.max(last, index)
      current = at(index)
      current[what] += 1
    },
    buckets: () => ({
      width,
      buckets: Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => ({
        ...{ start: (first + i) * width, failures: 0, bans: 0 },
        ...counts.get(first + i),
      })),
    }),
  }
}
