import { createPause } from '../retry.js'
import { BATCH_BYTES } from './pack.js'

/** How many bytes wait to be stored; then the input does. */
const ROOM_BYTES = 4 * BATCH_BYTES

/** What waits to be stored: one batch is under way at a time, and what comes meanwhile is the next. */
export interface Outbound<T> {
  put: (item: T) => void
  /** Waits until there is room for more. @throws what storing has failed with */
  room: () => Promise<void>
  /** Stores all that is left. @throws the same */
  end: () => Promise<void>
  /** fails with what storing has failed with, also while there is nothing to put; else never ends */
  failing: Promise<never>
  /** how many items wait */
  waiting: () => number
  /** when all was stored that had been put before; now, where nothing waits. In milliseconds since 1970 */
  current: () => number
}

export interface OutboundOptions<T> {
  /** how long items are gathered at the least, from one batch to the next, in milliseconds */
  gatherMs: number
  now: () => number
  sizeOf: (item: T) => number
  /** Stores the first of the items that wait, as many as it likes. @returns how many */
  store: (waiting: readonly T[]) => Promise<number>
}

export function createOutbound<T>({ gatherMs, now, sizeOf, store }: OutboundOptions<T>): Outbound<T> {
  let waiting: T[] = []
  let bytes = 0
  let isEnding = false
  let failure: { error: unknown } | undefined
  let work: Promise<void> | undefined
  let makeRoom = () => {}
  let fail = (_: unknown) => {}
  const failing = new Promise<never>((_, reject) => {
    fail = reject
  })
  failing.catch(() => {})
  let sentAt = Number.NEGATIVE_INFINITY
  let currentAt = now()
  const gathering = createPause()

  const storeAll = async () => {
    // what comes in the same block goes along
    await null
    while (waiting.length > 0) {
      const rest = sentAt + gatherMs - now()
      if (rest > 0 && bytes < BATCH_BYTES && !isEnding) await gathering.wait(Math.min(rest, gatherMs))
      sentAt = now()
      const before = waiting.length
      const count = await store(waiting)
      if (count >= before) currentAt = sentAt
      for (const item of waiting.slice(0, count)) bytes -= sizeOf(item)
      waiting = waiting.slice(count)
      makeRoom()
    }
  }
  const start = () => {
    work ??= storeAll()
      .catch(error => {
        failure = { error }
        fail(error)
        makeRoom()
      })
      .finally(() => {
        work = undefined
      })
  }
  const check = () => {
    if (failure) throw failure.error
  }
  return {
    put(item) {
      waiting.push(item)
      bytes += sizeOf(item)
      if (bytes >= BATCH_BYTES) gathering.end()
      start()
    },
    async room() {
      check()
      while (bytes > ROOM_BYTES) {
        await new Promise<void>(resolve => {
          makeRoom = resolve
        })
        check()
      }
    },
    async end() {
      isEnding = true
      gathering.end()
      while (work) await work
      check()
    },
    failing,
    waiting: () => waiting.length,
    current: () => (waiting.length === 0 ? now() : currentAt),
  }
}

/** How many of these lines go into one batch: at least one. */
export function batchLength(sizes: Iterable<number>): number {
  let count = 0
  let bytes = 0
  for (const size of sizes) {
    bytes += size
    if (count > 0 && bytes > BATCH_BYTES) break
    count += 1
  }
  return count
}
