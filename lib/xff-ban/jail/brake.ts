import { compactDuration } from '../../text/duration.js'
import { formatInstant, parseInstant } from '../../wire/instant.js'
import type { BanRecord, HeldRecord } from '../../wire/record.js'
import { createLately } from './lately.js'

/** So many first bans within 10 minutes are never too many: a share of few clients is none. */
const MIN_BANS = 20
/** How many bans are held back; for one more, the oldest falls. */
const MAX_HELD = 10_000

export interface BrakeOptions {
  /** which share of the clients seen lately may be banned for the first time within 10 minutes */
  share: number
  /** how long a ban is held back, in milliseconds */
  holdMs: number
  warn: (message: string) => void
}

/** A ban that is held back. */
export interface Held {
  /** without its end */
  ban: BanRecord
  reason: string
  /** when it falls by itself, in milliseconds since 1970 */
  fallsAt: number
}

/**
 * Holds first bans back while they would take out many of the clients that were seen lately: then the app or a rule is
 * more likely to be at fault than the clients. Each falls by itself after a while, whatever comes meanwhile, so that an
 * attack from many addresses can delay bans and not prevent them. All times are milliseconds since 1970.
 */
export interface Brake {
  tallied: (time: number, clients: number) => void
  /** Whether a first ban at `time`, by its record, has to wait. */
  holds: (time: number) => boolean
  /** Holds a ban back. @returns undefined for one that is held already: it falls when it would have */
  hold: (ban: BanRecord, now: number) => HeldRecord | undefined
  /** An address was banned for the first time, at `time`. */
  banned: (time: number) => void
  /** What is held for an address or prefix by a record up to `time`, and is held no longer; undefined where nothing is. */
  take: (ip: string, time?: number) => Held | undefined
  /** Those that fall by now and are no longer held, the oldest first, each with the time when it falls. */
  due: (now: number) => Held[]
  /** When the next one falls; undefined where none is held. */
  nextFall: () => number | undefined
  held: () => HeldRecord[]
  /** The clock was set by so many milliseconds. */
  shift: (by: number) => void
}

export function createBrake({ share, holdMs, warn }: BrakeOptions): Brake {
  const lately = createLately()
  const held = new Map<string, Held>()
  let isMissingTold = false
  let reason = ''

  const oldest = (): Held | undefined => held.values().next().value
  const take = (ip: string, time = Number.POSITIVE_INFINITY) => {
    const one = held.get(ip)
    if (!one || timeOf(one) > time) return undefined
    held.delete(ip)
    return one
  }
  const tellMissing = () => {
    if (isMissingTold) return
    isMissingTold = true
    warn(
      '--brake has nothing to go by, and holds no ban back: no tally in the last 10 minutes. They come from uwsgi-parse ' +
        '(without --tally 0) by way of xff-window --tallies',
    )
  }
  const tellHolding = () =>
    warn(
      `bans are held back: ${reason} (--brake). Is the app or a rule at fault? xff-ban list shows them, xff-ban drop ` +
        `forgets them, xff-ban release bans them now; without that each falls after ${compactDuration(holdMs / 1000)}`,
    )

  return {
    tallied(time, clients) {
      isMissingTold = false
      lately.tallied(time, clients)
    },
    holds(time) {
      const { bans, clients } = lately.at(time)
      if (clients === undefined) {
        tellMissing()
        return false
      }
      reason = `${bans} new bans within 10 minutes, of ${clients} clients seen`
      return bans >= MIN_BANS && bans + 1 > share * clients
    },
    hold(ban, now) {
      if (held.has(ban.ip)) return undefined
      if (held.size === 0) tellHolding()
      const one = { ban, reason, fallsAt: now + holdMs }
      held.set(ban.ip, one)
      return heldRecord(one)
    },
    banned: lately.banned,
    take,
    due(now) {
      const due: Held[] = []
      for (let one = oldest(); one && (one.fallsAt <= now || held.size > MAX_HELD); one = oldest()) {
        held.delete(one.ban.ip)
        due.push({ ...one, fallsAt: Math.min(one.fallsAt, now) })
      }
      return due
    },
    nextFall: () => oldest()?.fallsAt,
    held: () => [...held.values()].map(heldRecord),
    shift(by) {
      for (const one of held.values()) one.fallsAt += by
    },
  }
}

function timeOf({ ban }: Held): number {
  return ban.time === undefined ? 0 : parseInstant(ban.time)
}

export function heldRecord({ ban, reason, fallsAt }: Held): HeldRecord {
  // why it is held back, in the place of why it is a ban
  const { reason: _, by, ...rest } = ban
  return { ...rest, type: 'held', reason, ...(by === undefined ? {} : { by }), falls: formatInstant(fallsAt) }
}

/** The ban as it falls: it lasts as long as if it had come then. */
export function fallingBan({ ban }: Held, at: number): BanRecord {
  return { ...ban, time: formatInstant(at) }
}
