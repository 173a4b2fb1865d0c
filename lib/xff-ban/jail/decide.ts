import { counted } from '../../text/counted.js'
import { parseInstant } from '../../wire/instant.js'
import type { BanRecord, RefusedRecord, UnbanRecord, UnchangedRecord } from '../../wire/record.js'
import type { Backend, Change } from '../backend/backend.js'
import { type Decision, type Jail, MAX_AHEAD_MS } from './jail.js'
import { canonicalTarget } from './records.js'
import type { Warnings } from './warnings.js'

/** What xff-ban is asked to do, on stdin or over the control socket. */
export type Order = BanRecord | UnbanRecord

/** What is in force after an order, or why it had no effect. */
export type Reply = BanRecord | UnbanRecord | RefusedRecord | UnchangedRecord

/** An order, and who waits for the reply to it. */
export interface Pending {
  order: Order
  reply?: (reply: Reply) => void
}

/** What a batch of orders comes to, each part in the order in which it was decided. */
export interface Batch {
  /** to be enforced */
  changes: Change[]
  /** to be journaled */
  journaled: Order[]
  /** to be emitted once it is enforced and journaled */
  carriedOut: Order[]
  /** send the replies, likewise */
  replies: (() => void)[]
  /** whether the ends of all bans have moved, since the clock was set */
  moved: boolean
}

export interface Tally {
  bans: number
  unbans: number
  /** bans that were over when they came */
  expired: number
  duplicates: number
  refused: number
}

export interface Options {
  jail: Jail
  backend: Pick<Backend, 'refuses' | 'makesHoles'>
  /** milliseconds since 1970; undefined: the newest record's time is now */
  now: (() => number) | undefined
  /** by how many milliseconds the clock was set since the last call */
  clockStep: () => number
  warnings: Warnings
  warn: (message: string) => void
}

export interface Decider {
  tally: Tally
  /** Clears the jail of what must not be in it, and of the bans that ended while no process ran. */
  begin: () => Batch
  /** Decides on orders, and on the bans that are over by then. */
  decide: (pending: readonly Pending[]) => Batch
}

export function createDecider(options: Options): Decider {
  const { jail, now, clockStep, warnings, warn } = options
  const tally: Tally = { bans: 0, unbans: 0, expired: 0, duplicates: 0, refused: 0 }
  let newest = Number.NEGATIVE_INFINITY
  // when bans from the journal were decided is not known: not after this
  let startedAt = Number.NEGATIVE_INFINITY

  const clock = ({ time }: Order): number => {
    if (now) return now()
    // before the first record that has a time it is 1970
    newest = Math.max(newest, time === undefined ? 0 : parseInstant(time))
    return newest
  }

  const decideBan = (record: BanRecord, at: number): Decision => {
    const ip = canonicalTarget(record.ip)
    const reason = ip === null ? 'not an address' : refusal(options, ip)
    return reason === undefined ? jail.ban(record, at) : { does: 'refuse', reason }
  }

  const decideOne = (batch: Batch, order: Order): Reply => {
    const at = clock(order)
    const stated = order.time === undefined ? at : parseInstant(order.time)
    if (now && order.type === 'ban') warnings.dated(stated, at)
    if (stated > at + MAX_AHEAD_MS) warnings.ahead(order.ip, stated, at)
    addUnbans(batch, tally, jail.unbanExpired(at))
    const decision = order.type === 'ban' ? decideBan(order, at) : jail.unban(order, at)
    if (decision.does === 'ban') warnings.banned(at)
    if (decision.does === 'already-banned') {
      warnings.stillFailing(decision.ban.ip, decision.at, Math.max(decision.decidedAt, startedAt), at)
    }
    return addDecision(batch, tally, order, decision)
  }

  /** A clock that is set neither ends nor lengthens a ban. */
  const followClock = (batch: Batch) => {
    const by = now ? clockStep() : 0
    if (by === 0) return
    jail.shift(by)
    const inForce = jail.inForce()
    batch.moved = true
    batch.journaled.push(...inForce.map(({ record }) => record))
    warn(
      `the clock was set by ${Math.round(by / 1000)} s: the ends of ${counted(inForce.length, 'ban')} move along`,
    )
  }

  return {
    tally,
    begin() {
      const batch = emptyBatch()
      followClock(batch)
      newest = jail.newest()
      startedAt = now ? now() : newest
      addUnbans(batch, tally, jail.unbanExpired(startedAt))
      addUnbans(batch, tally, unbanExempt(options, startedAt))
      addUnbans(batch, tally, jail.unbanSurplus(startedAt))
      return batch
    },
    decide(pending) {
      const batch = emptyBatch()
      followClock(batch)
      for (const { order, reply } of pending) {
        const result = decideOne(batch, order)
        if (reply) {
          const answer = order.type === 'unban' ? stillBanned(jail, result) : result
          batch.replies.push(() => reply(answer))
        } else if (result.type === 'refused') {
          warnings.refused(order.type, order.ip, result.reason)
        }
      }
      if (now) addUnbans(batch, tally, jail.unbanExpired(now()))
      return batch
    },
  }
}

/** Why the backend is not given a ban: it cannot enforce it, or not leave out what must not be banned inside it. */
function refusal({ jail, backend }: Options, ip: string): string | undefined {
  const [hole] = backend.makesHoles?.() ? [] : jail.inside(ip)
  return hole ? `it holds ${hole.range}: ${hole.reason}` : backend.refuses(ip)
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

function emptyBatch(): Batch {
  return { changes: [], journaled: [], carriedOut: [], replies: [], moved: false }
}

function addUnbans(batch: Batch, tally: Tally, records: readonly UnbanRecord[]): void {
  for (const record of records) {
    batch.changes.push({ unban: record.ip })
    batch.journaled.push(record)
    batch.carriedOut.push(record)
    tally.unbans += 1
  }
}

/** Adds what a decision comes to. @returns the reply to the order */
function addDecision(batch: Batch, tally: Tally, order: Order, decision: Decision): Reply {
  const without = (type: 'refused' | 'unchanged', reason: string): Reply => ({ type, ip: order.ip, reason })
  switch (decision.does) {
    case 'ban': {
      const { ban, evicted } = decision
      addUnbans(batch, tally, evicted ? [evicted] : [])
      batch.changes.push({ ban })
      batch.journaled.push(ban.record)
      batch.carriedOut.push(ban.record)
      tally.bans += 1
      return ban.record
    }
    case 'unban':
      addUnbans(batch, tally, [decision.record])
      return decision.record
    case 'history':
      batch.journaled.push(...decision.records)
      if (order.type === 'ban') tally.expired += 1
      else tally.duplicates += 1
      return without('unchanged', order.type === 'ban' ? 'expired already' : 'not banned')
    case 'already-banned':
      tally.duplicates += 1
      return decision.ban.record
    case 'duplicate':
      tally.duplicates += 1
      return without(
        'unchanged',
        order.type === 'ban' ? 'no newer than the last record of this address' : 'not banned',
      )
    case 'refuse':
      tally.refused += 1
      return without('refused', decision.reason)
  }
}
