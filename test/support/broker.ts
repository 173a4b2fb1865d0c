import type { Appended, Batch, Behind, Broker, Stored, Topic } from '../../lib/xff-bus/broker.js'

/** A broker in memory, which can do what one should not: lose what it has confirmed, and not answer. */
export function madeUpBroker() {
  const logs: Record<Topic, Stored[]> = { requests: [], bans: [] }
  let seq = 0
  let at = Date.parse('2026-11-22T14:00:00Z')
  /** what the next calls of `append` do instead of what they should */
  const faults: ('silent, not stored' | 'silent, but stored')[] = []
  const newestOf = (topic: Topic, from: string) => logs[topic].findLast(batch => batch.from === from)

  const append = (topic: Topic, from: string, batch: Batch, behind: Behind): Appended => {
    const newest = 'ofWriter' in behind ? (newestOf(topic, from)?.seq ?? 0) : (logs[topic].at(-1)?.seq ?? 0)
    const expected = 'ofWriter' in behind ? behind.ofWriter : behind.ofAll
    if (newest !== expected) return { newest }
    seq += 1
    at += 10
    logs[topic].push({ ...batch, seq, from, at })
    return { seq }
  }
  const never = async () => {
    throw new Error('not asked of a made-up broker')
  }
  const broker: Broker = {
    newestOf: async (topic, from) => newestOf(topic, from),
    async append(topic, from, batch, behind) {
      const fault = faults.shift()
      if (fault === 'silent, not stored') return undefined
      const appended = append(topic, from, batch, behind)
      return fault === 'silent, but stored' ? undefined : appended
    },
    async follow(topic, { take }) {
      for (const batch of logs[topic]) await take(batch)
    },
    listen(topic, { take, signal }) {
      let next = 0
      const pass = async () => {
        for (;;) {
          const batch = logs[topic].find(one => one.seq > next)
          if (!batch) return
          next = batch.seq
          await take(batch)
        }
      }
      const caughtUp = pass().then(() => ({ seq: logs[topic].at(-1)?.seq ?? 0, at }))
      const done = new Promise<void>(resolve => {
        signal.addEventListener('abort', () => resolve(), { once: true })
      })
      return { done, caughtUp, look: () => void pass() }
    },
    setup: never,
    status: never,
    writers: never,
    reconnects: () => 0,
    isConnected: () => true,
    gone: new Promise(() => {}),
    close: async () => {},
  }
  return {
    broker,
    logs,
    faults,
    /** Loses the last batches of a log. */
    lose(topic: Topic, count: number) {
      logs[topic].splice(-count)
    },
  }
}
