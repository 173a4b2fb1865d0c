import { messageOf } from '../exit.js'
import { counted } from '../text/counted.js'
import type { AnyRecord } from '../wire/record.js'
import { createQueue } from './queue.js'

/** A record on its way to somebody: as it was read, and as its line. */
export interface Item<R extends AnyRecord = AnyRecord> {
  record: R
  line: string
}

/** The other side will not have it, now or later: what was sent is given up. */
export class RefusedError extends Error {}

/** What a delivery is told. */
export interface Urgency {
  /** aborted when the time is up: stop at once */
  over: AbortSignal
  /** aborted when the time is half up at the end: leave out what is only nice to have */
  hurry: AbortSignal
}

export interface Options<R extends AnyRecord> {
  /** as the messages name it: `mail to 127.0.0.1:25` */
  name: string
  /** how long records are gathered before the first of them is sent, in milliseconds */
  gather: number
  /** how many records go into one delivery */
  batch: number
  /** the pauses between attempts, in milliseconds; each is twice the one before */
  retry: { first: number; longest: number }
  /** Hands the records over; throws where that failed, `RefusedError` where it always will. */
  deliver: (items: readonly Item<R>[], urgency: Urgency) => Promise<void>
  warn: (message: string) => void
}

export interface Tally {
  deliveries: number
  /** records that were handed over */
  sent: number
  /** records that the other side would not have */
  refused: number
  /** the oldest records, for which there was no room */
  dropped: number
  /** records that were left at the end */
  unsent: number
}

/** Where records wait for a server that is slow, away or never comes back. */
export interface Outbox<R extends AnyRecord> {
  readonly name: string
  /** Takes a record; returns at once, whatever state the server is in. */
  put: (item: Item<R>) => void
  /** Sends what is left, for that many milliseconds at the most. */
  close: (linger: number) => Promise<void>
  tally: Readonly<Tally>
}

/** How many records wait at the most, and how long their lines are in all, in UTF-16 units. */
const ROOM = { records: 10_000, units: 16 * 1024 * 1024 }

/** Gathers records, delivers them in batches, and tries again with growing pauses; the oldest make room. */
export function createOutbox<R extends AnyRecord>(options: Options<R>): Outbox<R> {
  const { name, gather, batch, retry, deliver, warn } = options
  const tally: Tally = { deliveries: 0, sent: 0, refused: 0, dropped: 0, unsent: 0 }
  const over = new AbortController()
  const hurry = new AbortController()
  const urgency: Urgency = { over: over.signal, hurry: hurry.signal }
  const waiting = createQueue<Item<R>>(({ line }) => line.length)
  let overflowing = false
  let gathering = false
  let closing = false
  let working: Promise<void> | undefined
  let wake = () => {}

  const pause = (milliseconds: number) =>
    new Promise<void>(resolve => {
      const timer = setTimeout(resolve, milliseconds)
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })

  const makeRoom = () => {
    while (waiting.length > ROOM.records || waiting.weight > ROOM.units) {
      waiting.take(1)
      tally.dropped += 1
      if (!overflowing) warn(`${name}: too many records are waiting; the oldest are dropped`)
      overflowing = true
    }
  }

  /** Delivers a batch, however many attempts that takes. */
  const hand = async (items: readonly Item<R>[]) => {
    for (let wait = retry.first; ; wait = Math.min(2 * wait, retry.longest)) {
      try {
        await deliver(items, urgency)
        tally.deliveries += 1
        tally.sent += items.length
        overflowing = false
        return
      } catch (error) {
        const message = messageOf(error)
        if (over.signal.aborted) break
        if (error instanceof RefusedError) {
          tally.refused += items.length
          warn(`${name}: refused: ${message}; ${counted(items.length, 'record')} discarded`)
          return
        }
        const held = items.length + waiting.length
        warn(`${name}: ${message}; ${held} waiting, next attempt in ${Math.ceil(wait / 1000)} s`)
        await pause(wait)
        if (over.signal.aborted) break
      }
    }
    tally.unsent += items.length
  }

  const work = async () => {
    while (waiting.length > 0 && !over.signal.aborted) {
      gathering = waiting.length < batch && !closing
      if (gathering) await pause(gather)
      gathering = false
      await hand(waiting.take(batch))
    }
    working = undefined
  }

  return {
    name,
    tally,
    put(item) {
      waiting.put(item)
      makeRoom()
      if (gathering && waiting.length >= batch) wake()
      working ??= work()
    },
    async close(linger) {
      closing = true
      wake()
      const half = setTimeout(() => hurry.abort(), linger / 2)
      const whole = setTimeout(() => {
        over.abort()
        wake()
      }, linger)
      await working
      clearTimeout(half)
      clearTimeout(whole)
      tally.unsent += waiting.length
    },
  }
}
