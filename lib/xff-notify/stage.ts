import type { Transform } from 'node:stream'
import { transform } from 'through2'
import { encodeLine } from '../wire/jsonl.js'
import type { AnyRecord, BanRecord, HeldRecord, ProblemRecord } from '../wire/record.js'
import type { Item, Outbox } from './outbox.js'
import { createRepeats } from './repeats.js'
import type { Told } from './told.js'

export interface Tally {
  records: number
  bans: number
}

/** Those that do not get every record. */
export interface Boxes {
  bans: readonly Outbox<BanRecord | HeldRecord>[]
  urgent: readonly Outbox<AnyRecord>[]
  told: readonly Outbox<Told>[]
}

/** The first ban that is held back is told at once, and those that follow so soon are gathered: they may be many. */
const HELD_LATELY_MS = 900_000

/**
 * Passes every record through at once; the outboxes get copies and never delay it.
 * @param all outboxes for every record
 * @param bans outboxes for bans, also those that are held back and need not be told at once
 * @param urgent outboxes for what needs a person
 * @param told outboxes for both
 * @returns `close` is to be called before the outboxes are closed: problems that are said again and again are held down
 */
export function xffNotify(
  all: readonly Outbox<AnyRecord>[],
  { bans, urgent, told }: Boxes,
): { stage: Transform; tally: Tally; close: () => void } {
  const problems = createRepeats<Item<ProblemRecord>>(item => {
    for (const outbox of urgent) outbox.put(item)
    for (const outbox of told) outbox.put(item, true)
  })
  let isHeldLately = false
  const putHeld = (item: Item<HeldRecord>) => {
    for (const outbox of told) outbox.put(item, !isHeldLately)
    for (const outbox of isHeldLately ? bans : urgent) outbox.put(item)
    if (isHeldLately) return
    isHeldLately = true
    setTimeout(() => {
      isHeldLately = false
    }, HELD_LATELY_MS).unref()
  }
  const tally: Tally = { records: 0, bans: 0 }
  const stage = transform({ objectMode: true }, (record: AnyRecord, _encoding, done) => {
    tally.records += 1
    const line = encodeLine(record)
    for (const outbox of all) outbox.put({ record, line })
    if (record.type === 'problem') problems.put(record, { record, line })
    else if (record.type === 'held') putHeld({ record, line })
    else if (record.type === 'ban') {
      tally.bans += 1
      for (const outbox of [...told, ...bans]) outbox.put({ record, line })
    }
    done(null, record)
  })
  return { stage, tally, close: problems.close }
}
