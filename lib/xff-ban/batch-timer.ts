import { setImmediate } from 'node:timers/promises'
import { createPause } from '../retry.js'

/** How long a transaction waits for more orders after the one before it. */
const BATCH_MS = 25

/**
 * When the next transaction may begin: at once after a pause, otherwise not before BATCH_MS have passed since the
 * last one, so that a lone ban does not wait and a burst comes in a few batches.
 */
export interface BatchTimer {
  wait: () => Promise<void>
  /** A transaction is over: the next one waits for more. */
  restart: () => void
  /** The pending batch, and each one until the next restart, begins now. */
  flush: () => void
}

export function createBatchTimer(): BatchTimer {
  const pause = createPause()
  let paused: Promise<void> | undefined
  return {
    async wait() {
      // what arrived in one piece of input goes together in any case
      await setImmediate()
      await paused
    },
    restart() {
      paused = pause.wait(BATCH_MS)
    },
    flush: pause.end,
  }
}
