import { createClocks } from './clocks.js'
import { createFailureTable, type FailureTable, type Options as TableOptions } from './failure-table.js'
import { createQuorumTable } from './quorum-table.js'

/** When a ban falls; times in milliseconds. */
export interface Limits {
  /** the Nth failure within `find` makes a ban */
  max: number
  find: number
  /** how far out of order a line may come and still count as if in order */
  late: number
  /** how many keys are kept at most */
  keys: number
  /** by how many hosts the failures of a ban are reported at the least; undefined: it is not asked who has */
  hosts?: number | undefined
}

/** What makes a ban: how many failures since when, in milliseconds since 1970. */
export interface Ban {
  since: number
  failures: number
  /** who has reported them, where that is asked */
  hosts?: readonly string[]
}

/** What a failure did: nothing yet, or made a ban. */
export type Verdict = 'counted' | Ban

export interface Window {
  /** @param time milliseconds since 1970 */
  observe: (key: string, time: number, seen?: Reported) => Verdict
  /** the number of keys */
  size: () => number
  /** how many keys had to leave while their failures could still count */
  evicted: () => number
  /** how many failures were further than `late` behind the one before them */
  late: () => number
}

/** What a failure is known by beside its client. */
export interface Reported {
  /** the host that has reported it, in a fleet */
  from?: string | undefined
}

/** Counts failures by one limit. */
export interface Count {
  /** @param time milliseconds since 1970, of a failure that has arrived; @param from the host that has reported it */
  add: (key: string, time: number, points: number, from?: string) => Verdict
  /** Whether a key has at least half of what makes a ban within `find`, the failure at this time included. */
  isHalfway: (key: string, time: number) => boolean
}

/** Windows of different limits over the same failures, which share their clocks and their room. */
export interface Windows extends Omit<Window, 'observe'> {
  /** Dates a failure; to be called before it is counted, once. */
  arrive: (time: number) => void
  /** The count for a limit; another one each time. */
  open: (limit: Pick<Limits, 'max' | 'find'>) => Count
  /** Forgets a count. */
  close: (count: Count) => void
}

/**
 * The exact window: a ban falls when `max` failures of one key have newest minus oldest <= find, in event
 * time and whatever the order in which they came. After it the key starts from zero.
 */
export function createWindow({ max, find, ...rest }: Limits): Window {
  const { arrive, open, ...others } = createWindows(rest)
  const { add } = open({ max, find })
  return {
    ...others,
    observe(key, time, seen) {
      arrive(time)
      return add(key, time, 1, seen?.from)
    },
  }
}

/** The table of a limit, and until when it need not be swept. */
interface Swept {
  table: Omit<FailureTable, 'add' | 'has'>
  find: number
  sweepAt: number
}

/** Windows of several limits; `keys` is for all of them together. */
export function createWindows({ late, keys, hosts }: Pick<Limits, 'late' | 'keys' | 'hosts'>): Windows {
  // times are kept from the first one on: a small integer takes no memory of its own
  let origin = 0
  let isEmpty = true
  const clocks = createClocks(late)
  const tables = new Map<Count, Swept>()
  // of the table whose time comes first; and by which clock there was a sweep last
  let sweepAt = Number.NEGATIVE_INFINITY
  let swept = Number.NEGATIVE_INFINITY
  let evictedBefore = 0
  // for how many new keys there is room without looking again
  let room = 0

  const size = () => sum(tables.values(), ({ table }) => table.size())
  /** Sweeps the tables whose time has come: else it passes many keys that are not idle. */
  const sweep = (isAll = false) => {
    const now = clocks.slowest()
    swept = now
    sweepAt = Number.POSITIVE_INFINITY
    for (const one of tables.values()) {
      const pause = one.find + late
      if (isAll || now > one.sweepAt || one.sweepAt - now > 2 * pause) {
        one.sweepAt = now + pause
        one.table.sweep()
      }
      sweepAt = Math.min(sweepAt, one.sweepAt)
    }
  }
  const makeRoom = () => {
    if (room === 0) room = Math.max(0, keys - size())
    if (room > 0) {
      room -= 1
      return
    }
    sweep(true)
    if (size() < keys) return
    // an eighth at a time: a Map that is kept full copies itself for every few that come
    const goal = keys - 1 - Math.floor(keys / 8)
    while (size() > goal) {
      const largest = [...tables.values()].reduce((one, other) =>
        other.table.size() > one.table.size() ? other : one,
      )
      largest.table.evict(size() - goal)
    }
  }

  return {
    arrive(time) {
      if (isEmpty) origin = time
      isEmpty = false
      clocks.observe(time - origin)
      const now = clocks.slowest()
      // a clock that is further behind may have come, too
      if (now > sweepAt || now < swept) sweep()
    },
    open({ max, find }) {
      const horizon = () => clocks.slowest() - late - find
      const options = { max, find, horizon, makeRoom }
      const { table, count } = openCount(options, hosts, () => origin)
      tables.set(count, { table, find, sweepAt: Number.NEGATIVE_INFINITY })
      sweepAt = Number.NEGATIVE_INFINITY
      return count
    },
    close(count) {
      evictedBefore += tables.get(count)?.table.evicted() ?? 0
      tables.delete(count)
    },
    size,
    evicted: () => evictedBefore + sum(tables.values(), ({ table }) => table.evicted()),
    late: clocks.late,
  }
}

/** Opens the count for a limit. @param origin from which time on its table counts */
function openCount(
  options: TableOptions,
  hosts: number | undefined,
  origin: () => number,
): { table: Omit<FailureTable, 'add' | 'has'>; count: Count } {
  const { max } = options
  if (hosts !== undefined) {
    const table = createQuorumTable({ ...options, least: hosts })
    return {
      table,
      count: {
        add(key, time, points, from = '') {
          const quorum = table.add(key, time - origin(), points, from)
          return quorum ? { ...quorum, since: quorum.since + origin() } : 'counted'
        },
        // for crowds, which one host alone could make up
        isHalfway: () => false,
      },
    }
  }
  const table = createFailureTable(options)
  const half = Math.ceil(max / 2)
  return {
    table,
    count: {
      add(key, time, points) {
        const since = table.add(key, time - origin(), points)
        return since === undefined ? 'counted' : { since: since + origin(), failures: max }
      },
      isHalfway: (key, time) => table.has(key, time - origin(), half),
    },
  }
}

function sum<T>(items: Iterable<T>, of: (item: T) => number): number {
  let total = 0
  for (const item of items) total += of(item)
  return total
}
