import { BoundedMap } from '../bounded-map.js'
import type { FailureTable, Options } from './failure-table.js'
import { dropIdle, evictFewest } from './leave.js'
import { createLruMap } from './lru-map.js'

/** How many names of hosts are kept as one text for all failures, and how many of them a ban names. */
const MAX_NAMES = 65_536
const MAX_NAMED = 32
/** A key with fewer failures than so many times `max` has all of them kept. */
const THINNED_FROM = 4

/** The failures of a key, by their times, with who has reported each; '' where that is not known. */
interface Failures {
  times: number[]
  hosts: string[]
  /** with so many, those are dropped that no ban needs */
  thinAt: number
}

export interface QuorumOptions extends Options {
  /** by how many hosts the failures of a ban are reported at the least */
  least: number
}

/** The failures that made a ban: the first one's time, how many are known, and the hosts that have reported them. */
export interface Quorum {
  since: number
  failures: number
  hosts: string[]
}

/** The failures by key, where a ban needs those of several hosts. */
export interface QuorumTable extends Omit<FailureTable, 'add' | 'has'> {
  /** Adds a failure, or several of the same time. @returns what makes a ban with it; the key is then dropped */
  add: (key: string, time: number, points: number, host: string) => Quorum | undefined
}

/**
 * A ban falls when there are `max` failures within `find`, the one that has come among them, and those within `find`
 * are of `least` hosts. A client may fail on one host as often as he likes: so of what is beyond need is not kept.
 */
export function createQuorumTable({ max, find, least, horizon, makeRoom }: QuorumOptions): QuorumTable {
  const byKey = createLruMap<Failures>()
  const names = new BoundedMap<string, string>(MAX_NAMES)
  let evicted = 0
  return {
    add(key, time, points, host) {
      const entry = byKey.get(key)
      if (!entry) makeRoom()
      const failures = entry?.value ?? { times: [], hosts: [], thinAt: THINNED_FROM * max }
      const name = names.getOrMake(host, () => host)
      for (let i = 0; i < points; i++) insert(failures, time, name)
      const quorum = findQuorum(failures, time, { max, find, least })
      if (quorum) {
        if (entry) byKey.delete(entry)
        return quorum
      }
      dropBefore(failures, horizon())
      if (failures.times.length >= failures.thinAt) thin(failures, max, find)
      if (entry) byKey.touch(entry)
      else byKey.add(key, failures)
      return undefined
    },
    sweep: () => dropIdle(byKey, horizon(), ({ times }) => times.at(-1)),
    evict(surplus) {
      evicted += evictFewest(
        byKey,
        ({ times }) => times.length,
        count => count >= surplus,
      )
    },
    size: byKey.size,
    evicted: () => evicted,
  }
}

/** Keeps the times in order; nearly always the new one is the last. */
function insert({ times, hosts }: Failures, time: number, host: string): void {
  let at = times.length
  while (at > 0 && (times[at - 1] ?? 0) > time) at -= 1
  times.splice(at, 0, time)
  hosts.splice(at, 0, host)
}

function dropBefore({ times, hosts }: Failures, oldest: number): void {
  let count = 0
  while ((times[count] ?? Number.POSITIVE_INFINITY) < oldest) count += 1
  if (count === 0) return
  times.splice(0, count)
  hosts.splice(0, count)
}

/** The first stretch of `find` with a time in it that has what it takes. */
function findQuorum(
  { times, hosts }: Failures,
  time: number,
  { max, find, least }: Pick<QuorumOptions, 'max' | 'find' | 'least'>,
): Quorum | undefined {
  if (times.length < max) return undefined
  const from = times.findIndex(one => one >= time - find)
  const to = times.findLastIndex(one => one <= time + find)
  // nearly always there are too few in all of it
  if (namesIn(hosts, from, to).size < least) return undefined
  let last = from
  for (let first = from; (times[first] ?? Number.POSITIVE_INFINITY) <= time; first++) {
    const since = times[first] ?? Number.NaN
    while (last < to && (times[last + 1] ?? Number.NaN) - since <= find) last += 1
    if (last - first + 1 < max) continue
    const found = namesIn(hosts, first, last)
    if (found.size >= least)
      return { since, failures: last - first + 1, hosts: [...found].sort().slice(0, MAX_NAMED) }
  }
  return undefined
}

function namesIn(hosts: readonly string[], first: number, last: number): Set<string> {
  const names = new Set<string>()
  for (let i = first; i <= last; i++) names.add(hosts[i] ?? '')
  names.delete('')
  return names
}

/**
 * Drops what no ban needs: a failure with `max` others of the same host within half of `find` before it, and as many
 * behind it. Whatever stretch of `find` has it in it reaches as far to one of these sides, and has enough without it.
 */
function thin(failures: Failures, max: number, find: number): void {
  const { times, hosts } = failures
  const isKept = times.map(() => true)
  for (const host of new Set(hosts)) {
    const own = [...times.keys()].filter(i => hosts[i] === host)
    const kept: number[] = []
    for (const [nth, i] of own.entries()) {
      const time = times[i] ?? 0
      const before = times[kept.at(-max) ?? -1]
      const behind = times[own[nth + max] ?? -1]
      const isSpare =
        before !== undefined && behind !== undefined && time - before <= find / 2 && behind - time <= find / 2
      if (isSpare) isKept[i] = false
      else kept.push(i)
    }
  }
  failures.times = times.filter((_, i) => isKept[i])
  failures.hosts = hosts.filter((_, i) => isKept[i])
  failures.thinAt = Math.max(THINNED_FROM * max, 2 * failures.times.length)
}
