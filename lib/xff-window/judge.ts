import type { CrowdBan, Crowds } from './crowd.js'
import type { Hit, Limit, Rules, Seen } from './rules/rules.js'
import { createShares } from './share.js'
import { type Ban, type Count, createWindows, type Limits, type Reported, type Window } from './window.js'

/** A ban, and by which rule. */
export interface RuledBan extends Partial<Ban> {
  since: number
  rule?: string | undefined
  /** in words, for a ban that is not of one address */
  reason?: string | undefined
  /** how many seconds a first ban lasts */
  lasts?: number | undefined
}

/** What a request did: it counts for nothing, or it counts, or it made a ban. */
export type Verdict = 'passed' | 'counted' | RuledBan

/** Decides on requests, one after the other. */
export interface Judge<S extends Seen & Reported> extends Omit<Window, 'observe'> {
  /** @param time milliseconds since 1970 */
  observe: (key: string, time: number, seen: S) => Verdict
  /** Takes the bans of a crowd which the last request made. */
  takeCrowd?: () => readonly CrowdBan[]
}

export interface Options<S extends Seen & Reported> extends Pick<Limits, 'late' | 'keys' | 'hosts'> {
  /** may change while it runs: the counts of limits that stay are kept */
  rules: { readonly current: Rules }
  failing: (status: number) => boolean
  /** what makes a ban depend on the share of requests that fail; in milliseconds how long stretches are */
  shareOver?: number | undefined
  crowds?: Crowds | undefined
  /** is told what a request counts for, by the name of the rule */
  onCounted?: ((key: string, time: number, rule: string | undefined, seen: S) => void) | undefined
}

const NONE: readonly CrowdBan[] = []

/**
 * Counts each request for all rules that it breaks. A request makes one ban at most, that of the first of these rules;
 * those whose count is full start from zero, all of them.
 */
export function createJudge<S extends Seen & Reported>(options: Options<S>): Judge<S> {
  const { late, keys, hosts, rules, failing, shareOver, crowds, onCounted } = options
  const windows = createWindows({ late, keys, hosts })
  const counts = createCounts(windows.open, windows.close)
  const shares = shareOver === undefined ? undefined : createShares(shareOver, keys)
  let known: Rules | undefined
  let crowd: readonly CrowdBan[] = NONE

  const count = (key: string, time: number, { limit, points }: Hit, { from }: S): RuledBan | undefined => {
    const own = counts.of(limit)
    const verdict = own.add(key, time, points, from)
    const isBan = verdict !== 'counted' && (shares === undefined || shares.failedOf(key) >= limit.share)
    if (crowds && (isBan || own.isHalfway(key, time))) {
      const bans = crowds.joined(key, time)
      if (bans.length > 0) crowd = bans
    }
    if (!isBan) return undefined
    return { ...verdict, rule: limit.name, lasts: limit.lasts }
  }

  return {
    ...windows,
    observe(key, time, seen) {
      const { current } = rules
      if (current !== known) {
        known = current
        counts.use(current.limits)
      }
      crowd = NONE
      const hits = current.weigh(seen)
      const isFailure = seen.status === undefined || failing(seen.status)
      if (!isFailure || hits.length > 0) {
        shares?.saw(key, time, isFailure)
        crowds?.saw(key, time, isFailure)
      }
      if (hits.length === 0) return 'passed'
      windows.arrive(time)
      let ban: RuledBan | undefined
      for (const hit of hits) {
        onCounted?.(key, time, hit.limit.name, seen)
        const made = count(key, time, hit, seen)
        ban ??= made
      }
      return ban ?? 'counted'
    },
    takeCrowd: () => crowd,
  }
}

/** The counts of limits, where a limit that stays the same keeps its count when the rules change. */
function createCounts(
  open: (limit: Limit) => Count,
  close: (count: Count) => void,
): { use: (limits: readonly Limit[]) => void; of: (limit: Limit) => Count } {
  let counts = new Map<Limit, Count>()
  const isSame = (a: Limit, b: Limit) => a.name === b.name && a.max === b.max && a.find === b.find
  return {
    use(limits) {
      const before = [...counts]
      counts = new Map(
        limits.map(limit => [limit, before.find(([old]) => isSame(old, limit))?.[1] ?? open(limit)]),
      )
      const kept = new Set(counts.values())
      for (const [, count] of before) if (!kept.has(count)) close(count)
    },
    of(limit) {
      const count = counts.get(limit)
      if (!count) throw new Error('a limit that is not in use')
      return count
    },
  }
}
