import { EXIT, ExitError } from '../../exit.js'
import type { Appended, Behind, Broker, LogStatus, Topic } from '../broker.js'
import {
  ApiError,
  ask,
  askApi,
  CODE,
  getDirectly,
  headersOf,
  isObject,
  parseObject,
  streamState,
} from './api.js'
import { type FollowTally, follow } from './follow.js'
import { type Link, type LinkOptions, openLink } from './link.js'
import { listen } from './listen.js'
import { namesOf, readerOf, writerOf } from './names.js'
import { notSetUp, persist } from './patience.js'
import { refuseOlder, setup } from './setup.js'

/** NATS JetStream as the broker. @throws ExitError 69 where it cannot be used */
export async function openNats(fleet: string, signal: AbortSignal, options: LinkOptions): Promise<Broker> {
  const link = await openLink(options)
  const names = namesOf(fleet)
  const tally: FollowTally = { renewed: 0 }
  return {
    async newestOf(topic, from) {
      const [stream, subject] = [names.stream(topic), names.subject(topic, from)]
      const newest = await persist(link, stream, signal, () => getDirectly(link, stream, { subject }))
      return newest === 'none' ? undefined : newest
    },
    append: (topic, from, batch, behind) =>
      append(
        link,
        names.subject(topic, from),
        { headers: headersOf(link, batch), payload: batch.payload },
        behind,
      ),
    follow: (topic, reading) => follow(link, names.stream(topic), reading, tally),
    listen: (topic, reading) => listen(link, names.stream(topic), names.heard('>'), reading),
    async setup(sizes) {
      if (sizes.replicas > 1) await refuseOlderOf(options, sizes.replicas)
      await setup(link, names, sizes)
    },
    status: async () => [
      await logStatus(link, 'requests', names.stream('requests')),
      await logStatus(link, 'bans', names.stream('bans')),
    ],
    writers: topic => writers(link, names.stream(topic)),
    reconnects: link.reconnects,
    isConnected: link.isConnected,
    gone: link.gone,
    close: () => link.connection.close(),
  }
}

/** A cluster may have servers of several releases, and a link is one to one of them: each that was named is asked. */
async function refuseOlderOf(options: LinkOptions, replicas: number): Promise<void> {
  for (const server of options.servers) {
    const link = await openLink({ ...options, servers: [server], isPatient: false })
    try {
      refuseOlder(link, replicas)
    } finally {
      await link.connection.close()
    }
  }
}

async function append(
  link: Link,
  subject: string,
  { headers, payload }: { headers: ReturnType<Link['newHeaders']>; payload: Buffer },
  behind: Behind,
): Promise<Appended | undefined> {
  if ('ofWriter' in behind) headers.set('Nats-Expected-Last-Subject-Sequence', String(behind.ofWriter))
  else headers.set('Nats-Expected-Last-Sequence', String(behind.ofAll))
  const message = await ask(link, subject, payload, headers)
  if (!message) return undefined
  const { seq, error } = parseObject(message.data)
  if (!isObject(error)) return typeof seq === 'number' ? { seq } : undefined
  const [code, text] = [Number(error.err_code ?? error.code), String(error.description)]
  if (code === CODE.wrongLastSequence) return { newest: Number(/: (\d+)$/.exec(text)?.[1] ?? Number.NaN) }
  if (code === CODE.wrongLastSequenceUntold) return { newest: Number.NaN }
  // as a full disk, or a leader that is elected: tried again, and told
  link.warn(`the broker does not store a batch: ${text}`)
  return undefined
}

async function logStatus(link: Link, topic: Topic, stream: string): Promise<LogStatus> {
  const state = await streamState(link, stream).catch(error => {
    if (error instanceof ApiError && error.code === CODE.streamNotFound) throw notSetUp(stream)
    throw error
  })
  if (!state) throw new ExitError(`${stream}: nobody answers`, EXIT.unavailable)
  const { messages, bytes, firstAt, lastAt, replicas, others } = state
  return {
    topic,
    batches: messages,
    bytes,
    oldest: firstAt,
    newest: lastAt,
    replicas,
    others,
    readers: await readers(link, stream),
  }
}

async function readers(link: Link, stream: string): Promise<{ name: string; pending: number }[]> {
  const answer = await askApi(link, `CONSUMER.LIST.${stream}`)
  const consumers = Array.isArray(answer?.consumers) ? answer.consumers.filter(isObject) : []
  return consumers.map(({ name, num_pending }) => ({
    name: readerOf(String(name)),
    pending: Number(num_pending),
  }))
}

/** The names are those of the subjects that have messages. */
async function writers(link: Link, stream: string): Promise<string[]> {
  const info = await askApi(link, `STREAM.INFO.${stream}`, { subjects_filter: '>' })
  const state = info && isObject(info.state) ? info.state : {}
  return isObject(state.subjects) ? Object.keys(state.subjects).map(writerOf).sort() : []
}
