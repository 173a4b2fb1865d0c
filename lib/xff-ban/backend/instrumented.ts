import type { Backend } from './backend.js'

/** The metrics that it writes to. */
export interface Metrics {
  counter: (name: string, help: string, read: () => number) => void
  histogram: (name: string, help: string, bounds: readonly number[]) => (value: number) => void
}

/** Upper ends of the buckets, in seconds: from a file that is written to a rule set that takes too long. */
const BUCKETS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** The same backend, its transactions timed and its failures counted; `now` in milliseconds. */
export function instrumented(backend: Backend, { counter, histogram }: Metrics, now: () => number): Backend {
  let errors = 0
  const took = histogram('enforcement_seconds', 'how long the backend took to carry out changes', BUCKETS_S)
  counter('backend_errors_total', 'times that the backend failed', () => errors)
  const counted = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work
    } catch (error) {
      errors += 1
      throw error
    }
  }
  return {
    ...backend,
    open: bans => counted(backend.open(bans)),
    reconcile: () => counted(backend.reconcile()),
    flush: () => counted(backend.flush()),
    async apply(changes) {
      const began = now()
      await counted(backend.apply(changes))
      took((now() - began) / 1000)
    },
  }
}
