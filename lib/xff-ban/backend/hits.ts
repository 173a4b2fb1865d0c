import type { Readable, Writable } from 'node:stream'
import { formatInstant } from '../../wire/instant.js'
import type { BanRecord, HitRecord } from '../../wire/record.js'
import type { Backend, Hits } from './backend.js'

/** How often is looked, in milliseconds. */
const EVERY = 60_000
/** How many records may wait for a slow reader; then hits are told later. */
const WAITING = 1000

/**
 * Once a minute, lets the stage tell of each ban that was hit since: a `hit` record with all its hits so far.
 * It ends with the stage's input.
 * @param every between two looks, in milliseconds
 */
export function tellHits(
  stage: Readable & Writable,
  backend: Pick<Backend, 'hits'>,
  warn: (message: string) => void,
  every = EVERY,
): void {
  const told = new Map<string, number>()
  const timer = setInterval(() => {
    look().catch(error => warn(`hits: ${error.message}`))
  }, every)
  stage.once('prefinish', () => clearInterval(timer)).once('close', () => clearInterval(timer))

  const look = async () => {
    if (stage.readableLength > WAITING) return
    const hits = (await backend.hits?.()) ?? new Map()
    if (stage.writableEnded || stage.destroyed) return
    for (const ip of told.keys()) if (!hits.has(ip)) told.delete(ip)
    for (const [ip, { hits: count, last }] of hits) {
      if (told.get(ip) === count) continue
      told.set(ip, count)
      const record: HitRecord = { type: 'hit', time: formatInstant(last), ip, hits: count }
      stage.push(record)
    }
  }
}

/**
 * Bans with what they have stopped.
 * @param hits of those that were hit; undefined where that is not counted
 */
export function withHits(
  bans: readonly BanRecord[],
  hits: ReadonlyMap<string, Hits> | undefined,
): BanRecord[] {
  if (!hits) return [...bans]
  return bans.map(ban => {
    const counted = hits.get(ban.ip)
    return { ...ban, hits: counted?.hits ?? 0, ...(counted && { hit: formatInstant(counted.last) }) }
  })
}
