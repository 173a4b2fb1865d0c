import type { DisallowRecord } from '../../wire/record.js'
import type { Allowance } from './allowances.js'
import type { AllowDecision } from './allowed.js'
import { addUnbans, type Batch, type Reply, type Tally } from './batch.js'
import type { CarryOutOptions } from './carry-out.js'

/** Carries out what people want not to be banned; `at` is now, in milliseconds since 1970. */
export interface Sparing {
  /** Carries out an `allow`, a `disallow`, or an `unban` that says until when. */
  order: (batch: Batch, order: Allowance | DisallowRecord, at: number) => Reply
  /** Ends what is over by now. */
  endOver: (batch: Batch, at: number) => void
}

export interface SparingOptions extends Pick<CarryOutOptions, 'jail' | 'backend' | 'brake'> {
  warn: (message: string) => void
}

export function createSparing(options: SparingOptions, tally: Tally): Sparing {
  const { jail, backend } = options

  const end = (batch: Batch, { record, target }: AllowDecision & { does: 'end' }) => {
    batch.journaled.push(record)
    batch.carriedOut.push(record)
    if (backend.makesHoles?.() && jail.around(target).length > 0) batch.holes = true
  }

  return {
    order(batch, order, at) {
      const decision =
        order.type === 'disallow' ? jail.allowed.disallow(order, at) : jail.allowed.allow(order, at)
      switch (decision.does) {
        case 'allow':
          return spare(options, tally, batch, decision, at)
        case 'end':
          end(batch, decision)
          return decision.record
        case 'refuse':
          tally.refused += 1
          return { type: 'refused', ip: order.ip, reason: decision.reason }
        case 'history':
          batch.journaled.push(decision.record)
          tally.duplicates += 1
          return { type: 'unchanged', ip: order.ip, reason: 'not allowed' }
        case 'nothing':
          tally.duplicates += 1
          return { type: 'unchanged', ip: order.ip, reason: decision.reason }
      }
    },
    endOver(batch, at) {
      for (const over of jail.allowed.endOver(at)) end(batch, over)
    },
  }
}

/** Ends the bans inside it, and leaves it out of those around it, or ends them where that cannot be done. */
function spare(
  { jail, backend, brake, warn }: SparingOptions,
  tally: Tally,
  batch: Batch,
  { record, target }: AllowDecision & { does: 'allow' },
  at: number,
): Allowance {
  const within = jail.within(target)
  const around = jail.around(target)
  const { journaled } = batch
  const first = journaled.length
  journaled.push(record)
  batch.carriedOut.push(record)
  for (const { ip } of brake?.held() ?? []) if (jail.allowed.reason(ip) !== undefined) brake?.take(ip)
  if (backend.makesHoles?.()) batch.holes ||= around.length > 0
  else {
    for (const { ip } of around) {
      warn(`no longer banned: ${ip}: it holds ${record.ip}, and what is banned here cannot leave it out`)
    }
  }
  for (const { ip } of backend.makesHoles?.() ? within : [...within, ...around]) {
    const { by } = record
    const decision = jail.unban(
      { type: 'unban', ip, reason: 'allowed', ...(by === undefined ? {} : { by }) },
      at,
    )
    if (decision.does !== 'unban') continue
    // an unban that says until when tells of the end of its own ban; a journal that is cut between the two has the end
    if (record.type === 'unban' && ip === record.ip) {
      batch.changes.push({ unban: ip })
      journaled.splice(first, 0, decision.record)
      tally.unbans += 1
    } else addUnbans(batch, tally, [decision.record])
  }
  return record
}
