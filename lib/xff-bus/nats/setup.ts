import { EXIT, ExitError } from '../../exit.js'
import type { Sizes, Topic } from '../broker.js'
import { ApiError, askApi, CODE } from './api.js'
import type { Link } from './link.js'
import type { Names } from './names.js'

/**
 * Replicas of older servers may differ for good after a leader hung for some seconds: each then serves messages of its own
 * under the same numbers, and counts that are built on them lose bans and make up others. Seen with 2.9.10.
 */
const LEAST_REPLICATED = [2, 10, 27] as const
const NANOSECONDS = 1_000_000_000
const MAX_MESSAGE_BYTES = 256 * 1024
const BANS_BYTES = 1 << 30
/** How many counters may read at once; hosts need none of these. */
const MAX_CONSUMERS = 64

/** @throws ExitError 69 where the server of this link is too old for so many replicas */
export function refuseOlder(link: Link, replicas: number): void {
  const version = link.connection.info?.version ?? ''
  if (replicas === 1 || isAtLeast(version, LEAST_REPLICATED)) return
  throw new ExitError(
    `--replicas ${replicas}: needs nats-server ${LEAST_REPLICATED.join('.')} or newer, ${link.connection.getServer()} is ${version}: ` +
      'its replicas may differ for good after a leader hung, and bans are then lost and made up. One node (--replicas 1) is fine',
    EXIT.unavailable,
  )
}

/** Makes the two streams, or changes them. @throws ExitError 69 */
export async function setup(link: Link, names: Names, sizes: Sizes): Promise<void> {
  for (const topic of ['requests', 'bans'] as const) {
    const config = streamConfig(names, topic, sizes)
    const answer = await askOr(link, `STREAM.CREATE.${config.name}`, config)
    if (answer === 'in use') await askOr(link, `STREAM.UPDATE.${config.name}`, config)
  }
}

function streamConfig(names: Names, topic: Topic, { replicas, keepRequests, keepBans, requestBytes }: Sizes) {
  const isRequests = topic === 'requests'
  return {
    name: names.stream(topic),
    description: `xff-jail: ${topic}, batches of JSON Lines, one subject a writer`,
    subjects: [names.subject(topic, '*')],
    storage: 'file',
    retention: 'limits',
    discard: 'old',
    num_replicas: replicas,
    max_age: (isRequests ? keepRequests : keepBans) * NANOSECONDS,
    max_bytes: isRequests ? requestBytes : BANS_BYTES,
    max_msg_size: MAX_MESSAGE_BYTES,
    max_consumers: isRequests ? MAX_CONSUMERS : 0,
    max_msgs: -1,
    max_msgs_per_subject: -1,
    duplicate_window: 0,
    allow_direct: true,
    deny_delete: true,
    deny_purge: true,
    ...(isRequests ? {} : { republish: { src: names.subject(topic, '>'), dest: names.heard('>') } }),
  }
}

async function askOr(link: Link, subject: string, config: object): Promise<'done' | 'in use'> {
  try {
    const answer = await askApi(link, subject, config)
    if (!answer)
      throw new ExitError(
        `no answer to ${subject}: has the server JetStream, and a leader?`,
        EXIT.unavailable,
      )
    return 'done'
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    if (error.code === CODE.streamNameInUse && subject.startsWith('STREAM.CREATE')) return 'in use'
    throw new ExitError(`the broker refuses ${subject}: ${error.message}`, EXIT.unavailable, { cause: error })
  }
}

function isAtLeast(version: string, least: readonly number[]): boolean {
  const parts = version.split(/[.-]/).map(Number)
  for (const [i, wanted] of least.entries()) {
    const part = parts[i] ?? 0
    if (part !== wanted) return part > wanted
  }
  return true
}
