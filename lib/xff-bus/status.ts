import { compactDuration } from '../text/duration.js'
import { textTable } from '../text/text-table.js'
import { formatInstant } from '../wire/instant.js'
import type { Broker } from './broker.js'
import { clockOffset, isOff, isSilent } from './hosts.js'

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
    /** who reads requests, and how many batches each has not read yet */
    readers: readonly { reader: string; behind: number }[]
  }[]
  hosts: readonly {
    host: string
    newest: string | null
    silent: boolean
    /** how many seconds its clock was ahead of the broker's then; negative: behind */
    clock: number | null
    /** whether that is more than --ahead */
    wrong: boolean
  }[]
}

/**
 * @param now milliseconds since 1970
 * @param tolerated how far a clock may be off, in milliseconds
 * @throws ExitError
 */
export async function statusOf(broker: Broker, now: number, tolerated: number): Promise<Status> {
  const logs = await broker.status()
  const hosts = await Promise.all(
    (await broker.writers('requests')).map(async host => {
      const newest = await broker.newestOf('requests', host)
      const at = newest?.at ?? Number.NaN
      const offset = newest ? clockOffset(newest) : Number.NaN
      return {
        ...{ host, newest: instant(at), silent: isSilent(at, now) },
        ...{ clock: Number.isNaN(offset) ? null : offset / 1000, wrong: isOff(offset, tolerated) },
      }
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
      readers: readers.map(({ name, pending }) => ({ reader: name, behind: pending })),
    })),
    hosts,
  }
}

/** The same for people. */
export function statusText({ logs, hosts }: Status, now: number): string {
  const age = (text: string | null) =>
    text === null ? '-' : compactDuration(Math.max(0, Math.round((now - Date.parse(text)) / 1000)))
  const rows = logs.map(({ log, batches, bytes, oldest, newest, replicas, behind }) => [
    log,
    batches,
    Math.ceil(bytes / 1024),
    age(oldest),
    age(newest),
    behind > 0 ? `${replicas}, ${behind} behind` : replicas,
  ])
  const readers = logs.flatMap(({ log, readers }) => readers.map(reader => ({ log, ...reader })))
  return [
    ...textTable(['log', 'batches', 'KiB', 'oldest', 'newest', 'replicas'], rows),
    '',
    ...textTable(
      ['reads', 'who', 'batches behind'],
      readers.map(({ log, reader, behind }) => [log, reader, behind]),
    ),
    '',
    ...textTable(
      ['host', 'last heard', ''],
      hosts.map(({ host, newest, silent, wrong, clock }) => [
        host,
        age(newest),
        [silent ? 'silent' : '', wrong ? `its clock is off by ${clock} s` : ''].filter(Boolean).join(', '),
      ]),
    ),
    '',
  ].join('\n')
}

function instant(milliseconds: number): string | null {
  return milliseconds >= 0 ? formatInstant(milliseconds) : null
}
