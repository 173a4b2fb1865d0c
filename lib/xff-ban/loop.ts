import { createBatchTimer } from './batch-timer.js'
import type { Batch } from './jail/batch.js'
import type { Pending } from './jail/decide.js'
import type { Result, Transactions } from './transaction.js'

/** How many orders may wait for the backend before the input has to, where it does not take more at once. */
const MAX_QUEUED = 1_000
/** How many records may wait for a disk that is full. */
const MAX_UNWRITTEN = 100_000
/** The pause between attempts to write to it. */
export const DISK_PAUSE_MS = 1_000
/** The longest that setTimeout can wait. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** The queue of orders and the timers: one transaction at a time, of whatever has gathered meanwhile. */
export interface Loop {
  /**
   * Opens the backend, and carries out what the start comes to, before anything else.
   * @returns when it is open; then the orders that have come meanwhile are carried out
   */
  begin: (open: () => Promise<Batch>) => Promise<void>
  add: (pending: readonly Pending[]) => void
  /** The backend is to be checked with the next transaction, which begins at once. */
  reconcile: () => void
  /** @returns when the queue is empty and what was due is done */
  run: () => Promise<void>
  /** whether it is open, and nothing is still to be decided */
  isEmpty: () => boolean
  /** whether more orders may come */
  hasRoom: () => boolean
  /** From now on no transaction waits for more orders. */
  drain: () => void
  /** No transaction begins any more. @returns when the one under way is over */
  stop: () => Promise<void>
}

export interface Options {
  transactions: Transactions
  /** how many orders may wait; undefined: as many as any backend takes */
  maxQueued: number | undefined
  /** how long until the next ban ends or falls, in milliseconds; undefined: none does by the clock */
  untilNextChange: () => number | undefined
  /** is called after each transaction */
  onProgress: () => void
  onError: (error: Error) => void
}

export function createLoop(options: Options): Loop {
  const { transactions, maxQueued = MAX_QUEUED, untilNextChange, onProgress, onError } = options
  const batchTimer = createBatchTimer()
  let queue: Pending[] = []
  /** undefined when idle */
  let running: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined
  let [needsReconcile, opened, hurried, stopped] = [false, false, false, false]

  const hasRoom = () => queue.length < maxQueued && transactions.waiting() < MAX_UNWRITTEN

  /** Comes back when the next ban ends or falls, or to write to a disk that was full. */
  const schedule = (last: Result) => {
    clearTimeout(timer)
    const delay = last === 'disk full' ? DISK_PAUSE_MS : untilNextChange()
    if (delay !== undefined && !stopped) timer = setTimeout(run, Math.min(Math.max(0, delay), MAX_TIMER_MS))
  }

  const work = async () => {
    try {
      let last: Result
      do {
        if (hurried || !hasRoom()) batchTimer.flush()
        await batchTimer.wait()
        if (stopped) return
        const [pending, reconcile] = [queue, needsReconcile && !hurried]
        queue = []
        needsReconcile = false
        last = await transactions.run(pending, reconcile)
        if (pending.length > 0) batchTimer.restart()
        onProgress()
      } while (queue.length > 0 || (needsReconcile && !hurried))
      schedule(last)
    } finally {
      // synchronously after the last check of the queue, so that no order is left in it
      running = undefined
    }
  }

  const run = (): Promise<void> => {
    running ??= work()
    running.catch(onError)
    return running
  }

  return {
    async begin(open) {
      const opening = open().then(async batch => {
        if (!stopped) schedule(await transactions.begin(batch))
        opened = true
      })
      running = opening.then(work)
      running.catch(() => {})
      await opening
      running.catch(onError)
    },
    add(pending) {
      for (const one of pending) queue.push(one)
      if (queue.length >= maxQueued) batchTimer.flush()
      run()
    },
    reconcile() {
      needsReconcile = true
      run()
    },
    run,
    isEmpty: () => opened && queue.length === 0,
    hasRoom,
    drain() {
      hurried = true
      batchTimer.flush()
    },
    async stop() {
      stopped = true
      clearTimeout(timer)
      batchTimer.flush()
      await running?.catch(() => {})
    },
  }
}
