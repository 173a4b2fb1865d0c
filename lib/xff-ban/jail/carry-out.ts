import { parseInstant } from '../../wire/instant.js'
import type { BanRecord, DropRecord, ReleaseRecord } from '../../wire/record.js'
import type { Backend } from '../backend/backend.js'
import { addDecision, type Batch, type CarriedOut, type Reply, type Tally } from './batch.js'
import { type Brake, fallingBan, type Held, heldRecord } from './brake.js'
import type { BanHow } from './decide-ban.js'
import type { Decision, Jail } from './jail.js'
import { MAX_AHEAD_MS } from './record-time.js'
import { canonicalTarget } from './records.js'
import type { Warnings } from './warnings.js'

export interface CarryOutOptions {
  jail: Jail
  backend: Pick<Backend, 'refuses' | 'makesHoles'>
  /** milliseconds since 1970; undefined: the newest record's time is now */
  now: (() => number) | undefined
  /** what holds bans back; undefined: nothing does */
  brake?: Brake | undefined
  warnings: Warnings
}

/** Decides on one order after the other, and adds what each comes to; `at` is now, in milliseconds since 1970. */
export interface CarryOut {
  /** What was decided before is from the journal. */
  begin: (at: number) => void
  /** @param asked whether a person asks, whose bans are never held back */
  order: (batch: Batch, order: CarriedOut, at: number, asked: boolean) => Reply
  /** Releases or drops a ban that is held back. */
  settle: (batch: Batch, order: ReleaseRecord | DropRecord, at: number) => Reply
  /** Lets a ban fall that was held back. @param counts whether it counts for the brake */
  lift: (batch: Batch, held: Held, at: number, counts: boolean) => Reply
}

export function createCarryOut(options: CarryOutOptions, tally: Tally): CarryOut {
  const { jail, now, brake, warnings } = options
  // when bans from the journal were decided is not known: not after this
  let startedAt = Number.NEGATIVE_INFINITY

  const decideBan = (record: BanRecord, at: number, how?: BanHow): Decision => {
    const ip = canonicalTarget(record.ip)
    const reason = ip === null ? 'not an address' : refusal(options, ip)
    return reason === undefined ? jail.ban(record, at, how) : { does: 'refuse', reason }
  }

  const hold = (batch: Batch, record: BanRecord, at: number): Reply => {
    const held = brake?.hold(record, at)
    if (held) batch.carriedOut.push(held)
    else tally.duplicates += 1
    return held ?? { type: 'unchanged', ip: record.ip, reason: 'held back already' }
  }

  /** Adds what a decision comes to. */
  const add = (batch: Batch, order: CarriedOut, decision: Decision, at: number, counts: boolean): Reply => {
    switch (decision.does) {
      case 'hold':
        return hold(batch, decision.record, at)
      case 'ban': {
        const { ip, record } = decision.ban
        warnings.banned(at)
        brake?.take(ip)
        if (counts && record.count === 1)
          brake?.banned(record.time === undefined ? at : parseInstant(record.time))
        break
      }
      case 'already-banned':
        warnings.stillFailing(decision.ban.ip, decision.at, Math.max(decision.decidedAt, startedAt), at)
    }
    return addDecision(batch, tally, order, decision)
  }

  const lift: CarryOut['lift'] = (batch, held, at, counts) => {
    const ban = fallingBan(held, at)
    return add(batch, ban, decideBan(ban, at), at, counts)
  }

  return {
    begin(at) {
      startedAt = at
    },

    order(batch, order, at, asked) {
      const stated = order.time === undefined ? at : parseInstant(order.time)
      if (now && order.type === 'ban') warnings.dated(stated, at)
      if (stated > at + MAX_AHEAD_MS) warnings.ahead(order.ip, stated, at)
      if (order.type === 'unban') {
        brake?.take(canonicalTarget(order.ip) ?? '', stated)
        return add(batch, order, jail.unban(order, at), at, false)
      }
      // where its end is set, a person or another xff-ban has decided
      const isBraked = !asked && order.until === undefined
      const how = { holds: isBraked ? brake?.holds : undefined, lengthens: asked }
      return add(batch, order, decideBan(order, at, how), at, isBraked)
    },

    settle(batch, order, at) {
      const ip = canonicalTarget(order.ip) ?? order.ip
      const held = brake?.take(ip)
      if (!held) return { type: 'unchanged', ip, reason: 'not held back' }
      return order.type === 'drop' ? heldRecord(held) : lift(batch, held, at, false)
    },

    lift,
  }
}

/** Why the backend is not given a ban: it cannot enforce it, or not leave out what must not be banned inside it. */
export function refusal(
  { jail, backend }: Pick<CarryOutOptions, 'jail' | 'backend'>,
  ip: string,
): string | undefined {
  const [hole] = backend.makesHoles?.() ? [] : jail.inside(ip)
  return hole ? `it holds ${hole.range}: ${hole.reason}` : backend.refuses(ip)
}
