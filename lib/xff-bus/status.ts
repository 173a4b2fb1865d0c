import { compactDuration } from '../text/duration.js'
import { textTable } from '../text/text-table.js'
import { formatInstant } from '../wire/instant.js'
import type { Broker } from './broker.js'

/** A writer of requests says every minute that it is there; after so long without, it is silent. In milliseconds. */
export const SILENT_MS = 180_000

/** What xff-bus status tells; instants as in the records, null where there is none. */
export interface Status {
  logs: readonly {
    log: string
    batches: number
    bytes: number
    oldest: string | null
    newest: string | null
    replicas: number
    /** of these, how many are not up to date */
    behind: number
    readers: number
  }[]
  hosts: readonly { host: string; newest: string | null; silent: boolean }[]
}

/** @param now milliseconds since 1970. @throws ExitError */
export async function statusOf(broker: Broker, now: number): Promise<Status> {
  const logs = await broker.status()
  const hosts = await Promise.all(
    (await broker.writers('requests')).map(async host => {
      const at = (await broker.newestOf('requests', host))?.at ?? Number.NaN
      return { host, newest: instant(at), silent: !(at >= now - SILENT_MS) }
    }),
  )
  return {
    logs: logs.map(({ topic, batches, bytes, oldest, newest, replicas, others, readers }) => ({
      log: topic,
      batches,
      bytes,
      oldest: instant(oldest),
      newest: instant(newest),
      replicas,
      behind: others.filter(({ isCurrent }) => !isCurrent).length,
      readers,
    })),
    hosts,
  }
}

/** The same for people. */
export function statusText({ logs, hosts }: Status, now: number): string {
  const age = (text: string | null) =>
    text === null ? '-' : compactDuration(Math.max(0, Math.round((now - Date.parse(text)) / 1000)))
  const rows = logs.map(({ log, batches, bytes, oldest, newest, replicas, behind, readers }) => [
    log,
    batches,
    Math.ceil(bytes / 1024),
    age(oldest),
    age(newest),
    behind > 0 ? `${replicas}, ${behind} behind` : replicas,
    readers,
  ])
  return [
    ...textTable(['log', 'batches', 'KiB', 'oldest', 'newest', 'replicas', 'readers'], rows),
    '',
    ...textTable(
      ['host', 'last heard', ''],
      hosts.map(({ host, newest, silent }) => [host, age(newest), silent ? 'silent' : '']),
    ),
    '',
  ].join('\n')
}

function instant(milliseconds: number): string | null {
  return milliseconds >= 0 ? formatInstant(milliseconds) : null
}
