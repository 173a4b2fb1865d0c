import type { Listener, Reading, Stored } from '../broker.js'
import { getDirectly, type StreamState, storedOf, streamState } from './api.js'
import { getRun } from './get-run.js'
import type { Link } from './link.js'
import { pause, persist } from './patience.js'

/** How often it is asked whether something was missed, in milliseconds; a quarter more or less, so that not all ask at once. */
const LOOK_MS = 5_000
/** In how many of these it is asked as well whether the stream is still the same. */
const LOOKS_PER_CHECK = 12
/** How many messages wait that were told. */
const MAX_HEARD = 1_000
/** How many messages are asked for at once. */
const WIDTH = 256
/** How long to wait where a replica does not know a message yet, in milliseconds. */
const LAG_MS = 100
/** What it was asked so often, and no replica knows: it has gone by its age, or the stream is another one. */
const ATTEMPTS = 30

/**
 * Reads a stream in order, each message once, for a thousand readers: none of them has a consumer with its pulls and
 * heartbeats at the servers. What is stored is told again to all who listen, and what was missed is fetched by its number.
 */
export function listen(
  link: Link,
  stream: string,
  subject: string,
  reading: Reading & { isToEnd: boolean },
): Listener {
  let isDue = false
  let wake = () => {}
  const look = () => {
    isDue = true
    wake()
  }
  const { promise: caughtUp, resolve: onCaughtUp, reject } = withResolvers<{ seq: number; at: number }>()
  const heard: Stored[] = []
  const subscription = reading.isToEnd
    ? undefined
    : link.connection.subscribe(subject, {
        callback(error, message) {
          if (error) return
          const { headers } = message
          const seq = Number(headers?.get('Nats-Sequence'))
          // what finds no room is fetched later
          if (seq > 0 && heard.length < MAX_HEARD)
            heard.push(storedOf(message, { seq, subject: message.subject, at: Number.NaN }))
          wake()
        },
      })

  const run = async () => {
    await link.connection.flush().catch(() => {})
    const { signal } = reading
    const state = await persist(link, stream, signal, () => streamState(link, stream))
    const reader = createReader(link, stream, reading, state)
    await reader.readSince(state)
    reading.onCurrent?.()
    onCaughtUp({ seq: state.last, at: state.lastAt })
    if (reading.isToEnd) return
    const timer = setInterval(look, LOOK_MS * (0.75 + Math.random() / 2))
    let looks = 0
    const stopListening = link.onReconnect(() => {
      looks = -1
      look()
    })
    const onAbort = () => wake()
    signal.addEventListener('abort', onAbort)
    try {
      while (!signal.aborted) {
        if (heard.length === 0 && !isDue) {
          await new Promise<void>(resolve => {
            wake = resolve
          })
          wake = () => {}
          continue
        }
        for (const batch of heard.splice(0)) await reader.hear(batch)
        if (isDue) {
          isDue = false
          looks += 1
          await reader.readOn(looks % LOOKS_PER_CHECK === 0)
          if (!signal.aborted) reading.onCurrent?.()
        }
      }
    } finally {
      clearInterval(timer)
      stopListening()
      signal.removeEventListener('abort', onAbort)
    }
  }
  const done = run()
    .catch(error => {
      if (!reading.signal.aborted) throw error
    })
    .finally(() => subscription?.unsubscribe())
  done.then(() => onCaughtUp({ seq: 0, at: Number.NaN }), reject)
  caughtUp.catch(() => {})
  return { done, caughtUp, look }
}

/** Asks for a message by its number. */
type Get = (seq: number) => Promise<Stored | 'none'>

function createGet(link: Link, stream: string, signal: AbortSignal): Get {
  return seq =>
    persist(link, stream, signal, () => getDirectly(link, stream, { seq })).catch(error => {
      if (!signal.aborted) throw error
      return 'none' as const
    })
}

/** The first message that the servers got at a time or later: found by halving. */
async function firstSince(get: Get, since: number, { first, last, firstAt }: StreamState): Promise<number> {
  if (!(firstAt < since)) return first
  let [low, high] = [first, last + 1]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const batch = await get(middle)
    if (batch === 'none') {
      // gone by its age; or this replica lags, and then it is read as well
      if (middle === low) break
      high = middle
    } else if (batch.at < since) low = middle + 1
    else high = middle
  }
  return low
}

function createReader(
  link: Link,
  stream: string,
  { since, take, onNewLog, signal }: Reading,
  state: StreamState,
) {
  let { created } = state
  let next = 1

  const pass = async (batch: Stored) => {
    next = batch.seq + 1
    const back = await take(batch)
    if (back !== undefined) next = Math.max(1, batch.seq - back)
  }
  const get = createGet(link, stream, signal)

  /** Takes all up to a number, which are there; but for those that have gone by their age meanwhile. */
  const readUpTo = async (last: number) => {
    for (let attempts = 0; next <= last && !signal.aborted; ) {
      const from = next
      const numbers = Array.from({ length: Math.min(WIDTH, last - from + 1) }, (_, i) => from + i)
      const batches = await getRun(link, stream, numbers)
      for (const number of numbers) {
        const batch = batches.get(number) ?? (await get(number))
        // a replica that lags; or going back was asked for
        if (batch === 'none' || batch.seq !== next) break
        await pass(batch)
      }
      if (next !== from) {
        attempts = 0
        continue
      }
      attempts += 1
      await pause(LAG_MS, signal)
      if (attempts < ATTEMPTS) continue
      attempts = 0
      if (await isAnother()) return
      const { first } = await persist(link, stream, signal, () => streamState(link, stream))
      next = Math.max(next + (first > next ? 0 : 1), first)
    }
  }

  /** Looks whether the stream was made anew; then all of it is read. */
  const isAnother = async (): Promise<boolean> => {
    const now = await persist(link, stream, signal, () => streamState(link, stream))
    if (now.created === created) return false
    created = now.created
    link.warn(`${stream} was made anew: it is read from its beginning`)
    onNewLog()
    next = now.first
    await readUpTo(now.last)
    return true
  }

  return {
    async readSince(state: StreamState) {
      next = await firstSince(get, since, state)
      await readUpTo(state.last)
    },
    /** Takes a message that was told, and those before it that were not. */
    async hear(batch: Stored) {
      while (batch.seq >= next && !signal.aborted) {
        if (batch.seq === next) await pass(batch)
        else await readUpTo(batch.seq - 1)
      }
    },
    /** Takes what is there, if a replica knows it, and asks if wanted whether it is the same stream. */
    async readOn(isThorough: boolean) {
      for (;;) {
        const batch = await get(next)
        if (batch === 'none') break
        if (batch.seq === next) await pass(batch)
      }
      if (isThorough && !signal.aborted) await isAnother()
    },
  }
}

function withResolvers<T>() {
  let resolve: (value: T) => void = () => {}
  let reject: (error: unknown) => void = () => {}
  const promise = new Promise<T>((onValue, onError) => {
    resolve = onValue
    reject = onError
  })
  return { promise, resolve, reject }
}
