import { setTimeout as sleep } from 'node:timers/promises'
import { BoundedMap } from '../bounded-map.js'
import { linesOf } from '../wire/lines.js'
import type { Broker, Listener, Stored } from './broker.js'
import { type Chains, createChains } from './chain.js'
import { type Decided, keyOfStored } from './decision.js'
import { batchNumber } from './headers.js'
import { unpack } from './pack.js'

/** How many decisions are remembered as written, by whomever. */
const SEEN = 200_000
/** How many batches are read again where one is missing. */
const BACK = 200
/** How long a round of waiting is, in milliseconds. */
export const ROUND_MS = 200

export interface WrittenOptions {
  broker: Broker
  from: string
  /** how far back it reads what is written, in milliseconds since 1970 */
  since: number
  now: () => number
  warn: (message: string) => void
  signal: AbortSignal
}

/** What is written, by whomever, as far as it has been read. */
export type Written = ReturnType<typeof createWritten>

export function createWritten({ broker, from, since, now, warn, signal }: WrittenOptions) {
  /** decisions, and in which message each is */
  const seen = new BoundedMap<string, number>(SEEN)
  const chains: Chains = createChains(warn)
  const over = new AbortController()
  let listener: Listener | undefined
  let failure: { error: unknown } | undefined
  let last = 0
  let next: number | undefined
  let first = 0
  let advanced = () => {}

  const take = (batch: Stored): number | undefined => {
    const verdict = chains.see(batch)
    if (verdict === 'back') return BACK
    last = Math.max(last, batch.seq)
    const own = batch.from === from ? batchNumber(batch)?.number : undefined
    if (own !== undefined) next = Math.max(next ?? 0, own + 1)
    if (verdict === 'take') {
      for (const key of keysIn(batch)) seen.set(key, batch.seq)
    }
    advanced()
    return undefined
  }
  const forget = () => {
    seen.clear()
    chains.forget()
    last = 0
  }
  return {
    has: (key: string) => seen.has(key),
    last: () => last,
    /** The number of our next batch. */
    next: () => ({ number: next ?? first, isFirst: next === undefined }),
    check() {
      if (failure) throw failure.error
    },
    async open() {
      listener = broker.listen('bans', {
        since,
        isToEnd: false,
        take,
        onNewLog: forget,
        signal: AbortSignal.any([signal, over.signal]),
      })
      listener.done.catch(error => {
        failure = { error }
        advanced()
      })
      const newest = await listener.caughtUp
      last = Math.max(last, newest.seq)
      // by the broker's clock, so that it is behind all that were used before, whatever became of ours
      first = newest.at > 0 ? newest.at : now()
    },
    stored(seq: number, number: number, decided: readonly Decided[]) {
      last = Math.max(last, seq)
      next = number + 1
      for (const { key } of decided) seen.set(key, seq)
    },
    /** Waits until all up to a number is read: a moment, since a leader that is none any more may have told it. */
    async readUpTo(seq: number) {
      for (let round = 0; round < 10 && !(last >= seq) && !failure; round++) {
        listener?.look()
        const { promise, resolve } = waiting()
        advanced = resolve
        await Promise.race([promise, sleep(ROUND_MS / 2)])
        if (Number.isNaN(seq)) return
      }
    },
    /** What is behind a number is lost. */
    goBackTo(seq: number) {
      last = seq
      for (const [key, at] of seen) if (at > seq) seen.delete(key)
    },
    async close() {
      over.abort()
      await listener?.done.catch(() => {})
    },
  }
}

function waiting() {
  let resolve = () => {}
  const promise = new Promise<void>(onDone => {
    resolve = onDone
  })
  return { promise, resolve }
}

function keysIn(batch: Stored): string[] {
  try {
    return [...linesOf(unpack(batch))].flatMap(text => keyOfStored(text) ?? [])
  } catch {
    // readers count it
    return []
  }
}
