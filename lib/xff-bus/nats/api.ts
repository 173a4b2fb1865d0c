import type { Msg, MsgHdrs } from '@nats-io/transport-node'
import { EXIT, ExitError, messageOf } from '../../exit.js'
import type { Batch, Stored } from '../broker.js'
import type { Link } from './link.js'
import { writerOf } from './names.js'

/** How long an answer may take, in milliseconds. */
export const TIMEOUT_MS = 3_000

/** JetStream's numbers of errors (server/errors.json in nats-server). */
export const CODE = {
  streamNotFound: 10_059,
  streamNameInUse: 10_058,
  wrongLastSequence: 10_071,
  wrongLastSequenceUntold: 10_164,
  noResponders: 503,
} as const

/** What the server answered instead of what was asked for. */
export class ApiError extends Error {
  readonly code: number
  constructor(message: string, code: number) {
    super(message)
    this.code = code
  }
}

export type Json = Readonly<Record<string, unknown>>

/**
 * Asks the servers something.
 * @returns undefined where nobody answers, as while a leader is elected
 * @throws ApiError for an answer that is an error; ExitError 69 where the user may not ask this
 */
export async function ask(
  link: Link,
  subject: string,
  body: Uint8Array,
  headers?: MsgHdrs,
): Promise<Msg | undefined> {
  try {
    return await link.connection.request(subject, body, {
      timeout: TIMEOUT_MS,
      ...(headers ? { headers } : {}),
    })
  } catch (error) {
    const name = error instanceof Error ? error.name : ''
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.name : ''
    if (name === 'PermissionViolationError' || cause === 'PermissionViolationError') {
      throw new ExitError(`the broker refuses: ${messageOf(error)}`, EXIT.unavailable, { cause: error })
    }
    if (name === 'AuthorizationError' || name === 'ClosedConnectionError') {
      throw new ExitError(`the broker has ended the connection: ${messageOf(error)}`, EXIT.unavailable, {
        cause: error,
      })
    }
    return undefined
  }
}

/** The same for what takes and answers JSON: `$JS.API.<subject>`. */
export async function askApi(link: Link, subject: string, body?: object): Promise<Json | undefined> {
  const message = await ask(link, `$JS.API.${subject}`, Buffer.from(body ? JSON.stringify(body) : ''))
  if (!message) return undefined
  const answer = parseObject(message.data)
  const { error } = answer
  if (isObject(error)) throw new ApiError(String(error.description), Number(error.err_code ?? error.code))
  return answer
}

/** @returns undefined where there is none, as far as the replica knows that answered */
export async function getDirectly(
  link: Link,
  stream: string,
  which: { seq: number; next_by_subj?: string } | { subject: string },
): Promise<Stored | 'none' | undefined> {
  const [subject, body] =
    'subject' in which ? [`${stream}.${which.subject}`, ''] : [stream, JSON.stringify(which)]
  const message = await ask(link, `$JS.API.DIRECT.GET.${subject}`, Buffer.from(body))
  return message && answeredDirectly(message)
}

/** What a message says that answers such a question. */
export function answeredDirectly(message: Msg): Stored | 'none' | undefined {
  const { headers } = message
  if (headers?.code === 404) return 'none'
  if (!headers || headers.code >= 400) return undefined
  return storedOf(message, {
    seq: Number(headers.get('Nats-Sequence')),
    subject: headers.get('Nats-Subject'),
    at: Date.parse(headers.get('Nats-Time-Stamp')),
  })
}

/** A message as a batch. */
export function storedOf(
  { data, headers }: Msg,
  { seq, subject, at }: { seq: number; subject: string; at: number },
): Stored {
  const map = new Map<string, string>()
  for (const key of headers?.keys() ?? []) map.set(key, headers?.get(key) ?? '')
  return { seq, from: writerOf(subject), at, headers: map, payload: asBuffer(data) }
}

export function headersOf(link: Link, batch: Batch): MsgHdrs {
  const headers = link.newHeaders()
  for (const [key, value] of batch.headers) headers.set(key, value)
  return headers
}

export function asBuffer(data: Uint8Array): Buffer {
  return Buffer.from(data.buffer, data.byteOffset, data.length)
}

/** @returns an empty object for what is none */
export function parseObject(data: Uint8Array): Json {
  try {
    const value: unknown = JSON.parse(asBuffer(data).toString())
    return isObject(value) ? value : {}
  } catch {
    return {}
  }
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What a stream is, as the server tells it. */
export interface StreamState {
  /** when it was made: another one has another */
  created: string
  messages: number
  bytes: number
  first: number
  last: number
  /** in milliseconds since 1970; NaN where it is empty */
  firstAt: number
  lastAt: number
  replicas: number
  others: { name: string; isCurrent: boolean }[]
}

/** @returns undefined where nobody answers */
export async function streamState(link: Link, stream: string): Promise<StreamState | undefined> {
  const info = await askApi(link, `STREAM.INFO.${stream}`)
  if (!info) return undefined
  const state = isObject(info.state) ? info.state : {}
  const config = isObject(info.config) ? info.config : {}
  const cluster = isObject(info.cluster) ? info.cluster : {}
  const messages = Number(state.messages)
  const instant = (text: unknown) => (messages > 0 ? Date.parse(String(text)) : Number.NaN)
  return {
    created: String(info.created),
    messages,
    bytes: Number(state.bytes),
    first: Math.max(1, Number(state.first_seq)),
    last: Number(state.last_seq),
    firstAt: instant(state.first_ts),
    lastAt: instant(state.last_ts),
    replicas: Number(config.num_replicas),
    others: (Array.isArray(cluster.replicas) ? cluster.replicas : [])
      .filter(isObject)
      .map(({ name, current }) => ({ name: String(name), isCurrent: current === true })),
  }
}
