import type { Readable, Writable } from 'node:stream'
import { messageOf } from '../../exit.js'
import { formatInstant } from '../../wire/instant.js'
import type { BanRecord, HitRecord } from '../../wire/record.js'
import type { Backend, Hits } from './backend.js'

/** How often the counts are read. */
const READ_MS = 60_000
/** How many records may wait for a slow reader; beyond it hits are emitted later. */
const MAX_UNREAD = 1000

/**
 * Once a minute, has the stage emit a `hit` record for each ban that was hit since, with all its hits so far.
 * It stops when the stage's input ends.
 */
export function emitHits(
  stage: Readable & Writable,
  backend: Pick<Backend, 'hits'>,
  warn: (message: string) => void,
  readMs = READ_MS,
): void {
  const emitted = new Map<string, number>()
  const timer = setInterval(() => {
    read().catch(error => warn(`hits: ${messageOf(error)}`))
  }, readMs)
  stage.once('prefinish', () => clearInterval(timer)).once('close', () => clearInterval(timer))

  const read = async () => {
    if (stage.readableLength > MAX_UNREAD) return
    const hits = (await backend.hits?.()) ?? new Map<string, Hits>()
    if (stage.writableEnded || stage.destroyed) return
    for (const ip of emitted.keys()) if (!hits.has(ip)) emitted.delete(ip)
    for (const [ip, { hits: count, last }] of hits) {
      if (emitted.get(ip) === count) continue
      emitted.set(ip, count)
      const record: HitRecord = { type: 'hit', time: formatInstant(last), ip, hits: count }
      stage.push(record)
    }
  }
}

/**
 * Counts what all bans have stopped, those that are over included; what a ban was hit between the last reading and its end
 * is missed.
 * @param onCounted is called once, when it turns out that they are counted
 * @returns ends it
 */
export function countHits(
  read: NonNullable<Backend['hits']>,
  warn: (message: string) => void,
  onCounted: (total: () => number) => void,
  readMs = READ_MS,
): () => void {
  let total = 0
  let before: ReadonlyMap<string, Hits> | undefined
  const add = async () => {
    const hits = await read()
    if (!hits) return
    if (!before) onCounted(() => total)
    for (const [ip, { hits: count }] of hits) {
      const counted = before?.get(ip)?.hits ?? 0
      // a ban of its own begins at 0
      total += count >= counted ? count - counted : count
    }
    before = hits
  }
  const look = () => add().catch(error => warn(`hits: ${messageOf(error)}`))
  look()
  const timer = setInterval(look, readMs).unref()
  return () => clearInterval(timer)
}

/**
 * Ban records with how many requests they have stopped.
 * @param hits of those that were hit; undefined where that is not counted
 */
export function withHits(
  bans: readonly BanRecord[],
  hits: ReadonlyMap<string, Hits> | undefined,
): BanRecord[] {
  if (!hits) return [...bans]
  return bans.map(ban => {
    const counted = hits.get(ban.ip)
    return { ...ban, hits: counted?.hits ?? 0, ...(counted && { last_hit: formatInstant(counted.last) }) }
  })
}
