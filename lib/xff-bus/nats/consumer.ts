import type { Msg, Subscription } from '@nats-io/transport-node'
import { askApi, type Json } from './api.js'
import type { Link } from './link.js'
import { consumerOf } from './names.js'

/** How many messages may be on their way to us. */
const AHEAD = 128
/** How long a pull waits at the server, and how often it says that it is there, in milliseconds. */
const EXPIRES_MS = 5_000
const HEARTBEAT_MS = 500
/** After so long without a word the server, or the way to it, is dead. */
const SILENCE_MS = 3 * HEARTBEAT_MS
/** The server forgets one that nobody asks, after so long. */
const INACTIVE_MS = 30_000
const NANOSECONDS = 1e6

/**
 * The server's view of a reader. It holds nothing that has to survive: whenever there is doubt another one is made, at
 * the place where we know that we are.
 */
export interface Consumer {
  /** how many messages were there when it was made */
  pending: number
  /** @returns the next message; undefined where there is doubt, or the signal says so */
  next: () => Promise<Msg | undefined>
  /** Says that it took a while: nothing was heard since then for a reason. */
  touch: () => void
  close: () => Promise<void>
}

/**
 * @param onIdle is told now and then while there is no message that is not taken
 * @returns undefined where nobody answers
 * @throws ApiError
 */
export async function openConsumer(
  link: Link,
  stream: string,
  start: { since: number } | { seq: number },
  signal: AbortSignal,
  onIdle: () => void,
): Promise<Consumer | undefined> {
  const inbox = link.newInbox()
  const name = consumerOf(inbox)
  const made = await askApi(link, `CONSUMER.CREATE.${stream}.${name}`, {
    stream_name: stream,
    config: {
      name,
      ack_policy: 'none',
      ...('seq' in start
        ? { deliver_policy: 'by_start_sequence', opt_start_seq: start.seq }
        : { deliver_policy: 'by_start_time', opt_start_time: new Date(start.since).toISOString() }),
      mem_storage: true,
      num_replicas: 1,
      inactive_threshold: INACTIVE_MS * NANOSECONDS,
      max_waiting: 8,
    },
  })
  if (!made) return undefined
  return { pending: pendingOf(made), ...pullFrom({ link, stream, name, inbox, signal, onIdle }) }
}

function pendingOf(made: Json): number {
  return Number(made.num_pending)
}

interface Pulled {
  link: Link
  stream: string
  /** of the consumer */
  name: string
  inbox: string
  signal: AbortSignal
  onIdle: () => void
}

function pullFrom({ link, stream, name, inbox, signal, onIdle }: Pulled) {
  const { connection } = link
  const arrived: Msg[] = []
  let taken = 0
  let outstanding = 0
  let isBroken = false
  let isWaiting = false
  let heard = performance.now()
  let wake = () => {}

  const breakOff = () => {
    isBroken = true
    wake()
  }
  const onStatus = (code: number) => {
    // 100: a heartbeat; 404 and 408: that pull is over; anything else: the consumer is, or its leader
    if (code === 100) return isWaiting ? onIdle() : undefined
    if (code === 404 || code === 408) outstanding = 0
    else isBroken = true
    wake()
  }
  const subscription: Subscription = connection.subscribe(inbox, {
    callback(error, message) {
      if (error) return breakOff()
      heard = performance.now()
      const code = message.headers?.code
      if (code) return onStatus(code)
      arrived.push(message)
      wake()
    },
  })
  const pull = () => {
    const batch = AHEAD - outstanding
    outstanding = AHEAD
    const body = { batch, expires: EXPIRES_MS * NANOSECONDS, idle_heartbeat: HEARTBEAT_MS * NANOSECONDS }
    connection.publish(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${name}`, JSON.stringify(body), { reply: inbox })
  }
  const watch = setInterval(() => {
    if (arrived.length === 0 && performance.now() - heard > SILENCE_MS) breakOff()
  }, HEARTBEAT_MS)
  signal.addEventListener('abort', breakOff, { once: true })
  pull()

  return {
    touch() {
      heard = performance.now()
    },
    async next(): Promise<Msg | undefined> {
      while (!isBroken) {
        const message = arrived[taken]
        if (message) {
          taken += 1
          outstanding -= 1
          if (taken === arrived.length) {
            arrived.length = 0
            taken = 0
          }
          if (outstanding <= AHEAD / 2) pull()
          return message
        }
        if (outstanding === 0) pull()
        isWaiting = true
        await new Promise<void>(resolve => {
          wake = resolve
        })
        isWaiting = false
        wake = () => {}
      }
      return undefined
    },
    async close() {
      clearInterval(watch)
      signal.removeEventListener('abort', breakOff)
      subscription.unsubscribe()
      // one that nobody deletes is forgotten after a while
      if (link.isConnected()) await askApi(link, `CONSUMER.DELETE.${stream}.${name}`).catch(() => {})
    },
  }
}
