import { BoundedMap } from '../bounded-map.js'
import type { Stored } from './broker.js'
import { batchNumber } from './headers.js'

/** How many writers are known. */
const MAX_WRITERS = 100_000
/**
 * A writer has others go back for it no more often than this, in milliseconds by the broker's clock: one that was taken
 * over could keep all of them reading.
 */
const BACK_EVERY_MS = 60_000

/** What to do with a batch: take it, pass it over, or read those before it again. */
export type Verdict = 'take' | 'skip' | 'back'

/**
 * Whether each batch of each writer comes once and in order: told by the numbers that the writers gave them, and not by
 * those of the broker, whose replicas may differ for a while after one of them hung.
 */
export interface Chains {
  see: (batch: Stored) => Verdict
  /** Another log begins. */
  forget: () => void
  tally: ChainTally
}

export interface ChainTally {
  /** batches that came more than once */
  again: number
  /** how often was gone back for some that were missing */
  wentBack: number
  /** batches that never came */
  missing: number
}

export function createChains(warn: (message: string) => void): Chains {
  const last = new BoundedMap<string, number>(MAX_WRITERS)
  /** behind which number of a writer some were looked for, and when */
  const looked = new BoundedMap<string, { before: number; at: number }>(MAX_WRITERS)
  const tally: ChainTally = { again: 0, wentBack: 0, missing: 0 }

  const mayGoBack = ({ from, at }: Stored, before: number) => {
    const known = looked.get(from)
    if (known && (known.before === before || at < known.at + BACK_EVERY_MS)) return false
    looked.set(from, { before, at })
    return true
  }
  return {
    tally,
    forget() {
      last.clear()
      looked.clear()
    },
    see(batch) {
      const own = batchNumber(batch)
      if (!own) return 'take'
      const { number, isFirst } = own
      if (number === 0) return 'skip'
      const before = last.get(batch.from)
      if (before !== undefined && number <= before) {
        tally.again += 1
        return 'skip'
      }
      if (before !== undefined && number > before + 1 && !isFirst) {
        if (mayGoBack(batch, before)) {
          tally.wentBack += 1
          return 'back'
        }
        tally.missing += number - before - 1
        warn(`${batch.from}: batches missing in the stream: ${number - before - 1}`)
      }
      last.set(batch.from, number)
      return 'take'
    },
  }
}
