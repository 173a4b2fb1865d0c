import { BoundedMap } from '../../bounded-map.js'
import { type Prefix, prefixOf } from '../../net/prefix.js'
import { indexRanges, type RangeIndex } from '../../net/range-index.js'
import { parseInstant } from '../../wire/instant.js'
import type { AllowRecord, DisallowRecord, UnbanRecord } from '../../wire/record.js'

/** How many addresses and prefixes are remembered that were allowed once. */
const MAX_ENDED = 10_000

/** What allows an address or prefix: an `allow`, or an `unban` that says until when it stays unbanned. */
export type Allowance = AllowRecord | (UnbanRecord & { until: string })

/** All times in milliseconds since 1970. */
export interface Entry {
  target: Prefix
  at: number
  /** Infinity: it does not end by itself */
  until: number
  record: Allowance
}

/** Of something that is not allowed any more. */
export type End = DisallowRecord & { time: string }

/** Who is allowed, and who was, by canonical address or prefix: every change changes both together. */
export interface Allowances {
  get: (ip: string) => Entry | undefined
  size: () => number
  set: (ip: string, entry: Entry) => void
  end: (ip: string, record: End) => void
  /** in the order in which they were set */
  entries: () => [string, Entry][]
  ended: () => End[]
  /** Whether there are any of these. */
  hasEnded: () => boolean
  forget: (ip: string) => void
  /** When it ended that an address or prefix was allowed, by itself or with others; -Infinity where that is not known. */
  endedAt: (target: Prefix) => number
  /** The time of the newest record of an address; -Infinity when there is none. */
  latest: (ip: string) => number
  /** The newest instant of all records; -Infinity before the first. */
  newest: () => number
  /** When the next one ends; undefined where none does by itself. */
  nextEnd: () => number | undefined
  holding: (target: Prefix) => Entry | undefined
  inside: (target: Prefix) => Entry[]
}

export function createAllowances(): Allowances {
  const entries = new Map<string, Entry>()
  const ended = new BoundedMap<string, End>(MAX_ENDED)
  // made anew after a change, when somebody asks
  let index: RangeIndex<Entry> | undefined
  let indexOfEnded: RangeIndex<number> | undefined
  let nextEnd: number | undefined
  let newest = Number.NEGATIVE_INFINITY

  const change = (ip: string, at: number) => {
    entries.delete(ip)
    ended.delete(ip)
    newest = Math.max(newest, at)
    index = undefined
    indexOfEnded = undefined
    nextEnd = undefined
  }
  const indexed = () => {
    index ??= indexRanges([...entries.values()].map(value => ({ prefix: value.target, value })))
    return index
  }

  return {
    get: ip => entries.get(ip),
    size: () => entries.size,
    set(ip, entry) {
      change(ip, entry.at)
      entries.set(ip, entry)
    },
    end(ip, record) {
      change(ip, parseInstant(record.time))
      ended.set(ip, record)
    },
    entries: () => [...entries],
    ended: () => [...ended.values()],
    hasEnded: () => ended.size > 0,
    forget(ip) {
      ended.delete(ip)
      indexOfEnded = undefined
    },
    endedAt(target) {
      if (ended.size === 0) return Number.NEGATIVE_INFINITY
      indexOfEnded ??= indexRanges(
        [...ended].map(([ip, { time }]) => ({ prefix: prefixOf(ip), value: parseInstant(time) })),
      )
      return Math.max(...indexOfEnded.around(target).map(({ value }) => value))
    },
    latest(ip) {
      const end = ended.get(ip)
      return entries.get(ip)?.at ?? (end ? parseInstant(end.time) : Number.NEGATIVE_INFINITY)
    },
    newest: () => newest,
    nextEnd() {
      nextEnd ??= Math.min(...[...entries.values()].map(({ until }) => until), Number.POSITIVE_INFINITY)
      return nextEnd === Number.POSITIVE_INFINITY ? undefined : nextEnd
    },
    holding: target => (entries.size > 0 ? indexed().holding(target)?.value : undefined),
    inside: target =>
      entries.size > 0
        ? indexed()
            .inside(target)
            .map(({ value }) => value)
        : [],
  }
}
