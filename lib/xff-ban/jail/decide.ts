import { counted } from '../../text/counted.js'
import { parseInstant } from '../../wire/instant.js'
import type { BanRecord, UnbanRecord } from '../../wire/record.js'
import type { Backend, Change } from '../backend/backend.js'
import type { Jail } from './jail.js'
import type { Announcer } from './warnings.js'

/** What is asked of xff-ban, on stdin or by a person. */
export type Request = BanRecord | UnbanRecord

/** What somebody who asks is told: the record in force, or why there is none. */
export type Answer = BanRecord | UnbanRecord | Declined
export interface Declined {
  type: 'refused' | 'nothing'
  ip: string
  because: string
}

/** A request, and whom to tell what has become of it. */
export interface Asked {
  record: Request
  answer?: (answer: Answer) => void
}

/** What a batch of requests comes to, each part in the order in which it was decided. */
export interface Outcome {
  changes: Change[]
  journaled: Request[]
  /** to be told once it is enforced and journaled */
  carriedOut: Request[]
  answers: (() => void)[]
  /** whether the ends of all bans have moved, since the clock was set */
  moved: boolean
}

export interface Tally {
  bans: number
  unbans: number
  /** bans over before they came */
  past: number
  /** records of what is so already */
  repeats: number
  refused: number
}

export interface Options {
  jail: Jail
  backend: Pick<Backend, 'refuses'>
  /** milliseconds since 1970; undefined: the newest record's time is now */
  now: (() => number) | undefined
  /** by how many milliseconds the clock was set since it was last asked */
  stepped: () => number
  announcer: Announcer
  warn: (message: string) => void
}

export interface Decider {
  tally: Tally
  /** Clears the jail of what must not be in it, and of the bans that ended while nobody was at work. */
  begin: () => Outcome
  /** Decides on requests, and on the bans that end by then. */
  decide: (asked: readonly Asked[]) => Outcome
}

export function createDecider({ jail, backend, now, stepped, announcer, warn }: Options): Decider {
  const tally: Tally = { bans: 0, unbans: 0, past: 0, repeats: 0, refused: 0 }
  let newest = Number.NEGATIVE_INFINITY
  // for bans from the journal nobody knows when they fell: not after this
  let begun = Number.NEGATIVE_INFINITY

  const clock = ({ time }: Request): number => {
    if (now) return now()
    // where no record has told a time yet, it is 1970
    newest = Math.max(newest, time === undefined ? 0 : parseInstant(time))
    return newest
  }

  const unban = (outcome: Outcome, record: UnbanRecord) => {
    outcome.changes.push({ unban: record.ip })
    outcome.journaled.push(record)
    outcome.carriedOut.push(record)
    tally.unbans += 1
  }

  const refuse = ({ ip }: Request, because: string): Declined => {
    tally.refused += 1
    return { type: 'refused', ip, because }
  }

  const settle = (outcome: Outcome, record: Request): Answer => {
    const at = clock(record)
    for (const ended of jail.expire(at)) unban(outcome, ended)
    const unable = record.type === 'ban' ? backend.refuses(record.ip) : undefined
    if (unable !== undefined) return refuse(record, unable)
    const decision = record.type === 'ban' ? jail.ban(record, at) : jail.unban(record, at)
    switch (decision.does) {
      case 'ban': {
        const { ban, evicted } = decision
        if (evicted) unban(outcome, evicted)
        outcome.changes.push({ ban })
        outcome.journaled.push(ban.record)
        outcome.carriedOut.push(ban.record)
        tally.bans += 1
        announcer.banned(at)
        return ban.record
      }
      case 'unban':
        unban(outcome, decision.record)
        return decision.record
      case 'past':
        outcome.journaled.push(...decision.records)
        if (record.type === 'ban') tally.past += 1
        else tally.repeats += 1
        return {
          type: 'nothing',
          ip: record.ip,
          because: record.type === 'ban' ? 'over already' : 'not banned',
        }
      case 'again':
        tally.repeats += 1
        announcer.again(decision.ban.ip, decision.at, Math.max(decision.since, begun), at)
        return decision.ban.record
      case 'nothing':
        tally.repeats += 1
        return { type: 'nothing', ip: record.ip, because: record.type === 'ban' ? 'no news' : 'not banned' }
      case 'refuse':
        return refuse(record, decision.because)
    }
  }

  const empty = (): Outcome => ({ changes: [], journaled: [], carriedOut: [], answers: [], moved: false })

  /** A clock that is set neither frees nor keeps anybody. */
  const follow = (outcome: Outcome) => {
    const by = now ? stepped() : 0
    if (by === 0) return
    jail.shift(by)
    const inForce = jail.inForce()
    outcome.moved = true
    outcome.journaled.push(...inForce.map(({ record }) => record))
    warn(
      `the clock was set by ${Math.round(by / 1000)} s: the ends of ${counted(inForce.length, 'ban')} move along`,
    )
  }

  return {
    tally,
    begin() {
      const outcome = empty()
      follow(outcome)
      newest = jail.newest()
      begun = now ? now() : newest
      for (const ended of jail.expire(begun)) unban(outcome, ended)
      for (const { ip } of jail.inForce()) {
        const because = jail.exempt(ip) ?? backend.refuses(ip)
        if (because === undefined) continue
        warn(`no longer banned: ${ip}: ${because}`)
        const decision = jail.unban({ type: 'unban', ip }, begun)
        if (decision.does === 'unban') unban(outcome, decision.record)
      }
      for (const surplus of jail.trim(begun)) unban(outcome, surplus)
      return outcome
    },
    decide(asked) {
      const outcome = empty()
      follow(outcome)
      for (const { record, answer } of asked) {
        const told = settle(outcome, record)
        if (answer) outcome.answers.push(() => answer(told))
        else if (told.type === 'refused') {
          warn(`refused to ${record.type} ${JSON.stringify(record.ip)}: ${told.because}`)
        }
      }
      if (now) for (const ended of jail.expire(now())) unban(outcome, ended)
      return outcome
    },
  }
}
