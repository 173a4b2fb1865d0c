import { counted } from '../../text/counted.js'
import { parseInstant } from '../../wire/instant.js'
import type {
  AllowRecord,
  DisallowRecord,
  DropRecord,
  ReleaseRecord,
  TallyRecord,
  UnbanRecord,
} from '../../wire/record.js'
import { isAllowing } from './allowed.js'
import { addUnbans, type Batch, type CarriedOut, emptyBatch, type Reply, type Tally } from './batch.js'
import { type CarryOutOptions, createCarryOut, refusal } from './carry-out.js'
import type { Jail } from './jail.js'
import { MAX_AHEAD_MS } from './record-time.js'
import { createSparing } from './sparing.js'

/** What xff-ban is asked to do, on stdin or over the control socket. */
export type Order = CarriedOut | AllowRecord | DisallowRecord | ReleaseRecord | DropRecord

/** An order or what the log tells, and who waits for the reply to an order: a person, or nobody for one on stdin. */
export interface Pending {
  order: Order | TallyRecord
  reply?: (reply: Reply) => void
}

export interface Options extends CarryOutOptions {
  /** by how many milliseconds the clock was set since the last call */
  clockStep: () => number
  warn: (message: string) => void
}

export interface Decider {
  tally: Tally
  /** Clears the jail of what must not be in it, and of the bans that ended while no process ran. */
  begin: () => Batch
  /** Decides on orders, and on the bans that are over by then. */
  decide: (pending: readonly Pending[]) => Batch
  /**
   * Decides at once on a ban, without a clock of its own, of an address that is banned already, which changes nothing.
   * @returns false for any other order, on which nothing was decided
   */
  decideRepeat: (order: Pending['order']) => boolean
  /** When the next ban ends or falls; undefined where none does. */
  nextChange: () => number | undefined
}

export function createDecider(options: Options): Decider {
  const { jail, now, brake, warnings } = options
  const tally: Tally = { bans: 0, unbans: 0, expired: 0, duplicates: 0, refused: 0 }
  const carryOut = createCarryOut(options, tally)
  const sparing = createSparing(options, tally)
  const clock = createClock(now)

  /** Ends the bans that are over by then, and lets those fall that were held back so long. */
  const passTime = (batch: Batch, at: number) => {
    for (const held of brake?.due(at) ?? []) {
      sparing.endOver(batch, held.fallsAt)
      addUnbans(batch, tally, jail.unbanExpired(held.fallsAt))
      const result = carryOut.lift(batch, held, held.fallsAt, true)
      if (result.type === 'refused') warnings.refused('ban', result.ip, result.reason)
    }
    sparing.endOver(batch, at)
    addUnbans(batch, tally, jail.unbanExpired(at))
  }

  const carry = (batch: Batch, order: Order, at: number, asked: boolean): Reply => {
    if (order.type === 'allow' || order.type === 'disallow') return sparing.order(batch, order, at)
    if (order.type === 'unban' && isAllowing(order)) return sparing.order(batch, order, at)
    if (order.type === 'ban' || order.type === 'unban') return carryOut.order(batch, order, at, asked)
    return carryOut.settle(batch, order, at)
  }

  const decideOne = (batch: Batch, { order, reply }: Pending) => {
    const at = clock.reach('time' in order ? order.time : undefined)
    passTime(batch, at)
    if (order.type === 'tally') {
      brake?.tallied(Math.min(parseInstant(order.time), at + MAX_AHEAD_MS), order.clients)
      return
    }
    const result = carry(batch, order, at, reply !== undefined)
    if (reply) {
      const answer = order.type === 'unban' ? stillBanned(jail, result) : result
      batch.replies.push(() => reply(answer))
    } else if (result.type === 'refused') {
      warnings.refused(order.type, order.ip, result.reason)
    }
  }

  const nextChange = () => {
    const next = [jail.nextEnd(), brake?.nextFall(), jail.allowed.nextEnd()]
    const known = next.filter(at => at !== undefined)
    return known.length > 0 ? Math.min(...known) : undefined
  }

  return {
    tally,
    begin() {
      const batch = emptyBatch()
      followClock(options, batch)
      const startedAt = clock.begin(jail.newest())
      carryOut.begin(startedAt)
      sparing.endOver(batch, startedAt)
      addUnbans(batch, tally, jail.unbanExpired(startedAt))
      addUnbans(batch, tally, unbanExempt(options, startedAt))
      addUnbans(batch, tally, jail.unbanSurplus(startedAt))
      return batch
    },
    decide(pending) {
      const batch = emptyBatch()
      followClock(options, batch)
      for (const one of pending) decideOne(batch, one)
      if (now) passTime(batch, now())
      return batch
    },
    decideRepeat(order) {
      if (now || order.type !== 'ban' || !jail.isBanned(order.ip)) return false
      if (clock.wouldReach(order.time) >= (nextChange() ?? Number.POSITIVE_INFINITY)) return false
      decideOne(emptyBatch(), { order })
      return true
    },
    nextChange,
  }
}

/** The time of day, or where that does not count, of the newest record. */
function createClock(now: Options['now']) {
  let newest = Number.NEGATIVE_INFINITY
  const wouldReach = (time: string | undefined): number => {
    if (now) return now()
    // before the first record that has a time it is 1970
    return Math.max(newest, time === undefined ? 0 : parseInstant(time))
  }
  return {
    wouldReach,
    /** @param recalled the time of the newest record of the journal */
    begin(recalled: number): number {
      newest = recalled
      return now ? now() : newest
    },
    /** A record of this time has come. */
    reach(time: string | undefined): number {
      const at = wouldReach(time)
      if (!now) newest = at
      return at
    },
  }
}

/** A clock that is set neither ends nor lengthens a ban. */
function followClock({ jail, now, clockStep, brake, warn }: Options, batch: Batch): void {
  const by = now ? clockStep() : 0
  if (by === 0) return
  jail.shift(by)
  brake?.shift(by)
  const inForce = jail.inForce()
  batch.moved = true
  batch.journaled.push(...inForce.map(({ record }) => record), ...jail.allowed.shift(by))
  warn(
    `the clock was set by ${Math.round(by / 1000)} s: the ends of ${counted(inForce.length, 'ban')} move along`,
  )
}

/** Ends the bans that must not be: of the journal, before other options were given. */
function unbanExempt(options: Options, at: number): UnbanRecord[] {
  const { jail, warn } = options
  return jail.inForce().flatMap(({ ip }) => {
    const reason = jail.exempt(ip) ?? refusal(options, ip)
    if (reason === undefined) return []
    warn(`no longer banned: ${ip}: ${reason}`)
    const decision = jail.unban({ type: 'unban', ip }, at)
    return decision.does === 'unban' ? [decision.record] : []
  })
}

/** The reply to an unban, which does not help where a prefix is banned that holds the address. */
function stillBanned(jail: Jail, reply: Reply): Reply {
  const [wider] = jail.covering(reply.ip)
  if (!wider) return reply
  const ended = reply.type === 'unban' ? 'its own ban has ended, but it is' : 'it is'
  const { until } = wider.record
  return {
    type: 'refused',
    ip: reply.ip,
    reason: `${ended} still refused: ${wider.ip} is banned until ${until}`,
  }
}
