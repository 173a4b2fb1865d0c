import { messageOf } from '../exit.js'
import { type Backoff, createBackoff, createPause } from '../retry.js'
import { counted } from '../text/counted.js'
import type { AnyRecord } from '../wire/record.js'
import { createQueue } from './queue.js'

/** A record to be delivered: as it was read, and as its line. */
export interface Item<R extends AnyRecord = AnyRecord> {
  record: R
  line: string
}

/** The receiver rejects a batch, and would reject it again: it is given up. */
export class RefusedError extends Error {}

/** How the end of the program reaches a delivery. */
export interface Deadline {
  /** aborts when the time is up: stop at once */
  stop: AbortSignal
  /** aborts when half of the time is up: leave out what is not essential */
  skipExtras: AbortSignal
}

/** Delivers a batch. Throws `RefusedError` where a retry makes no sense, any other error where it does. */
export type Deliver<R extends AnyRecord> = (items: readonly Item<R>[], deadline: Deadline) => Promise<void>

export interface OutboxOptions<R extends AnyRecord> {
  /** as the messages name it: `mail through 127.0.0.1:25` */
  name: string
  /** how long a batch may wait for further records, in milliseconds */
  gather: number
  /** records of one delivery, at most */
  batch: number
  /** pauses between attempts, in milliseconds; each is twice the one before */
  retry: { first: number; longest: number }
  deliver: Deliver<R>
  warn: (message: string) => void
}

export interface Tally {
  deliveries: number
  /** records that were delivered */
  sent: number
  /** records that the receiver rejected */
  refused: number
  /** records that were dropped, the oldest first, when the outbox was full */
  dropped: number
  /** records that were not delivered by the end */
  unsent: number
}

/** A bounded queue of records for a receiver that may be slow, or down for good. */
export interface Outbox<R extends AnyRecord> {
  readonly name: string
  /** Takes a record; never waits. @param isUrgent it is delivered at once, with what has been gathered */
  put: (item: Item<R>, isUrgent?: boolean) => void
  /** Delivers what is left, within this many milliseconds. */
  close: (linger: number) => Promise<void>
  tally: Readonly<Tally>
}

/** The bounds of the queue; lines are measured in UTF-16 units. */
const MAX_RECORDS = 10_000
const MAX_LINE_UNITS = 16 * 1024 * 1024

/** Gathers records into batches, delivers them, and retries with exponential backoff; when full it drops the oldest. */
export function createOutbox<R extends AnyRecord>(options: OutboxOptions<R>): Outbox<R> {
  const { name, gather, batch, warn } = options
  const tally: Tally = { deliveries: 0, sent: 0, refused: 0, dropped: 0, unsent: 0 }
  const stop = new AbortController()
  const skipExtras = new AbortController()
  const deadline: Deadline = { stop: stop.signal, skipExtras: skipExtras.signal }
  const queue = createQueue<Item<R>>(({ line }) => line.length)
  const pause = createPause()
  const backoff = createBackoff({ firstMs: options.retry.first, longestMs: options.retry.longest })
  let overflowing = false
  let gathering = false
  let closing = false
  let working: Promise<void> | undefined

  const dropOldest = () => {
    while (queue.length > MAX_RECORDS || queue.weight > MAX_LINE_UNITS) {
      queue.take(1)
      tally.dropped += 1
      if (!overflowing) warn(`${name}: too many records are waiting; the oldest are dropped`)
      overflowing = true
    }
  }

  const work = async () => {
    while (queue.length > 0 && !stop.signal.aborted) {
      gathering = queue.length < batch && !closing
      if (gathering) await pause.wait(gather)
      gathering = false
      const items = queue.take(batch)
      backoff.reset()
      const outcome = await deliverWithRetry(items, options, {
        deadline,
        backoff,
        waiting: () => queue.length,
      })
      tally[outcome] += items.length
      if (outcome === 'sent') {
        tally.deliveries += 1
        overflowing = false
      }
    }
    working = undefined
  }

  return {
    name,
    tally,
    put(item, isUrgent = false) {
      queue.put(item)
      dropOldest()
      working ??= work()
      if (gathering && (isUrgent || queue.length >= batch)) pause.end()
    },
    async close(linger) {
      closing = true
      pause.end()
      backoff.end()
      const half = setTimeout(() => skipExtras.abort(), linger / 2)
      const whole = setTimeout(() => {
        stop.abort()
        backoff.end()
      }, linger)
      await working
      clearTimeout(half)
      clearTimeout(whole)
      tally.unsent += queue.length
    },
  }
}

/** Delivers a batch, in as many attempts as it takes until the deadline. */
async function deliverWithRetry<R extends AnyRecord>(
  items: readonly Item<R>[],
  { name, deliver, warn }: OutboxOptions<R>,
  { deadline, backoff, waiting }: { deadline: Deadline; backoff: Backoff; waiting: () => number },
): Promise<'sent' | 'refused' | 'unsent'> {
  for (;;) {
    try {
      await deliver(items, deadline)
      return 'sent'
    } catch (error) {
      const message = messageOf(error)
      if (deadline.stop.aborted) return 'unsent'
      if (error instanceof RefusedError) {
        warn(`${name}: refused: ${message}; ${counted(items.length, 'record')} discarded`)
        return 'refused'
      }
      const held = items.length + waiting()
      warn(`${name}: ${message}; ${held} waiting, next attempt in ${Math.ceil(backoff.nextMs() / 1000)} s`)
      await backoff.wait()
      if (deadline.stop.aborted) return 'unsent'
    }
  }
}
