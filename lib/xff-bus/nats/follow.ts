import type { Msg } from '@nats-io/transport-node'
import type { Reading, Stored } from '../broker.js'
import { storedOf, streamState } from './api.js'
import { type Consumer, openConsumer } from './consumer.js'
import type { Link } from './link.js'
import { pause, persist } from './patience.js'

/** How long to wait before a consumer is made anew, in milliseconds. */
const RENEW_MS = 20
export interface FollowTally {
  /** how often a consumer was made anew */
  renewed: number
}

/** Where a reading is. */
interface Position {
  /** the number of the next message; undefined until the first one has come */
  next: number | undefined
  /** how many are to come until the end is reached; undefined where it is read for ever, or not known yet */
  rest: number | undefined
  /** when the stream was made */
  created: string | undefined
}

/**
 * Reads a stream in order, each message once: over lost connections, dead leaders and consumers that are gone. For few
 * readers: each has a consumer at the servers.
 */
export async function follow(
  link: Link,
  stream: string,
  reading: Reading & { isToEnd: boolean },
  tally: FollowTally,
): Promise<void> {
  const { since, isToEnd, onNewLog, onCurrent = () => {}, signal } = reading
  const position: Position = { next: undefined, rest: undefined, created: undefined }
  while (!signal.aborted) {
    const state = await persist(link, stream, signal, () => streamState(link, stream))
    if (position.created !== undefined && state.created !== position.created) {
      link.warn(`${stream} was made anew: it is read from its beginning`)
      position.next = undefined
      onNewLog()
    }
    position.created = state.created
    const start = position.next === undefined ? { since } : { seq: position.next }
    const consumer = await persist(link, stream, signal, () =>
      openConsumer(link, stream, start, signal, onCurrent),
    )
    if (isToEnd) position.rest = consumer.pending
    try {
      if (position.rest === 0) return
      if (await readFrom(consumer, reading, position)) return
    } finally {
      await consumer.close()
    }
    tally.renewed += 1
    await pause(RENEW_MS, signal)
  }
}

/** @returns whether the end is reached; else another consumer is needed */
async function readFrom(
  consumer: Consumer,
  { take, onCurrent, signal }: Reading,
  position: Position,
): Promise<boolean> {
  let expected = 1
  while (!signal.aborted) {
    const message = await consumer.next()
    if (!message) return false
    const { batch, delivered, pending } = delivery(message)
    // one was lost on the way to us
    if (delivered !== expected) return false
    expected += 1
    const taken = take(batch)
    const back = taken instanceof Promise ? await taken : taken
    if (taken instanceof Promise) consumer.touch()
    if (back !== undefined) {
      position.next = Math.max(1, batch.seq - back)
      return false
    }
    position.next = batch.seq + 1
    if (pending === 0) onCurrent?.()
    if (position.rest !== undefined) {
      position.rest -= 1
      if (position.rest <= 0 || pending === 0) return true
    }
  }
  return true
}

/** $JS.ACK.<stream>.<consumer>.<delivered>.<number in the stream>.<number to this consumer>.<nanoseconds>.<pending> */
function delivery(message: Msg): { batch: Stored; delivered: number; pending: number } {
  const [seq = '', delivered = '', nanoseconds = '', pending = ''] = (message.reply ?? '')
    .split('.')
    .slice(-4)
  const at = Number(nanoseconds.slice(0, -6))
  return {
    batch: storedOf(message, { seq: Number(seq), subject: message.subject, at }),
    delivered: Number(delivered),
    pending: Number(pending),
  }
}
