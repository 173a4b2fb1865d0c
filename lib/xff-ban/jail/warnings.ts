import { BoundedMap } from '../../bounded-map.js'
import { isAllowance } from './allowed.js'
import { EDGE_REASONS } from './exempt.js'
import { createZoneWarning } from './zone-warning.js'

const MINUTE_MS = 60_000

/** Failures this soon after a ban may have been on their way when it fell. */
const IN_FLIGHT_MS = 5_000
/** How many addresses are named in one message. */
const MAX_NAMED = 5
/** How many addresses are counted apart. */
const MAX_COUNTED = 10_000

/** What operators should know although no record says it; all times are milliseconds since 1970. */
export interface Warnings {
  /** A ban was decided at `now`. */
  banned: (now: number) => void
  /** A banned address failed at `at`; its ban was decided at `decidedAt`. */
  stillFailing: (ip: string, at: number, decidedAt: number, now: number) => void
  /** An order on stdin was refused. */
  refused: (type: string, ip: string, reason: string) => void
  /** A record of an address came from the future: at `at`. */
  ahead: (ip: string, at: number, now: number) => void
  /** A ban came that was decided at `at`. */
  dated: (at: number, now: number) => void
}

export interface Options {
  /** how many new bans within a minute are a storm */
  storm: number
  /** why banned addresses may go on failing; undefined where they are expected to */
  hint: string | undefined
  /** is told of each failure of an address although it is banned, and of the warning of these, which is seldom */
  ineffective?: { failed: (ip: string, now: number) => void; warned: (message: string) => void } | undefined
  warn: (message: string) => void
}

export function createWarnings({ storm, hint, ineffective, warn }: Options): Warnings {
  return {
    banned: createStormWarning(storm, warn),
    stillFailing: createIneffectiveWarning(hint, ineffective, warn),
    ahead: createAheadWarning(warn),
    dated: createZoneWarning(warn),
    refused: createRefusalWarning(warn),
  }
}

/** Warns of each order that was refused; of each edge, and of each that people have allowed, once. */
function createRefusalWarning(warn: Options['warn']): Warnings['refused'] {
  const told = new BoundedMap<string, true>(MAX_COUNTED)
  return (type, ip, reason) => {
    if (told.has(reason)) return
    if (EDGE_REASONS.has(reason) || isAllowance(reason)) told.set(reason, true)
    warn(`refused to ${type} ${JSON.stringify(ip)}: ${reason}`)
  }
}

/** Warns at most once a minute of records that are ahead of the clock. */
function createAheadWarning(warn: Options['warn']): Warnings['ahead'] {
  let warnedAt = Number.NEGATIVE_INFINITY
  return (ip, at, now) => {
    if (now - warnedAt < MINUTE_MS) return
    warnedAt = now
    const seconds = Math.round((at - now) / 1000)
    warn(
      `a record of ${ip} is ${seconds} s ahead of the clock, and counts as of now: is the clock of the log right?`,
    )
  }
}

/** Warns once when so many bans fall within a minute, for as long as that goes on. */
function createStormWarning(storm: number, warn: Options['warn']): Warnings['banned'] {
  // a ring of the times of the latest bans
  const times = new Float64Array(storm).fill(Number.NEGATIVE_INFINITY)
  let next = 0
  let lastInStorm = Number.NEGATIVE_INFINITY

  return now => {
    times[next] = now
    next = (next + 1) % storm
    // the slot that is overwritten next holds the oldest
    if (now - (times[next] ?? now) >= MINUTE_MS) return
    if (now - lastInStorm >= MINUTE_MS) {
      warn(
        `a storm: ${storm} new bans within a minute. An attack from many addresses, or an application that ` +
          'answers everybody with errors (xff-ban flush ends all bans)',
      )
    }
    lastInStorm = now
  }
}

/** Warns at most once a minute of banned addresses that go on failing. */
function createIneffectiveWarning(
  hint: string | undefined,
  told: Options['ineffective'],
  warn: Options['warn'],
): Warnings['stillFailing'] {
  let counts = new Map<string, number>()
  let warnedAt = Number.NEGATIVE_INFINITY

  return (ip, at, decidedAt, now) => {
    if (hint === undefined || at - decidedAt < IN_FLIGHT_MS) return
    told?.failed(ip, now)
    if (counts.has(ip) || counts.size < MAX_COUNTED) counts.set(ip, (counts.get(ip) ?? 0) + 1)
    if (now - warnedAt < MINUTE_MS) return
    const byCount = [...counts].sort(([, a], [, b]) => b - a)
    const names = byCount
      .slice(0, MAX_NAMED)
      .map(([name, count]) => (count > 1 ? `${name} (${count} times)` : name))
    const others = counts.size > MAX_NAMED ? ` and ${counts.size - MAX_NAMED} others` : ''
    const message = `banned, yet still failing: ${names.join(', ')}${others}. Likely cause: ${hint}`
    warn(message)
    told?.warned(message)
    counts = new Map()
    warnedAt = now
  }
}
