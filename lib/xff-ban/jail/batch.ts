import type { BanRecord, HeldRecord, RefusedRecord, UnbanRecord, UnchangedRecord } from '../../wire/record.js'
import type { Change } from '../backend/backend.js'
import type { Decision, JournalRecord } from './jail.js'

/** What changes who is banned. */
export type CarriedOut = BanRecord | UnbanRecord

/** What is in force after an order, or was held back, or why the order had no effect. */
export type Reply = JournalRecord | HeldRecord | RefusedRecord | UnchangedRecord

/** What a batch of orders comes to, each part in the order in which it was decided. */
export interface Batch {
  /** to be enforced */
  changes: Change[]
  /** to be journaled */
  journaled: JournalRecord[]
  /** to be emitted once it is enforced and journaled */
  carriedOut: (JournalRecord | HeldRecord)[]
  /** send the replies, likewise */
  replies: (() => void)[]
  /** whether the ends of all bans have moved, since the clock was set */
  moved: boolean
  /** whether what banned prefixes leave out has changed */
  holes: boolean
}

export interface Tally {
  bans: number
  unbans: number
  /** bans that were over when they came */
  expired: number
  duplicates: number
  refused: number
}

export function emptyBatch(): Batch {
  return { changes: [], journaled: [], carriedOut: [], replies: [], moved: false, holes: false }
}

export function addUnbans(batch: Batch, tally: Tally, records: readonly UnbanRecord[]): void {
  for (const record of records) {
    batch.changes.push({ unban: record.ip })
    batch.journaled.push(record)
    batch.carriedOut.push(record)
    tally.unbans += 1
  }
}

/** Adds what a decision comes to. @returns the reply to the order */
export function addDecision(
  batch: Batch,
  tally: Tally,
  order: CarriedOut,
  decision: Exclude<Decision, { does: 'hold' }>,
): Reply {
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
