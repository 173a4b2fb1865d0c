import { messageOf } from '../../exit.js'
import type { Batch } from '../jail/batch.js'
import type { JournalRecord } from '../jail/jail.js'
import type { Journal } from './journal.js'

/** What may be emitted and replied now that it is enforced and journaled. */
export type Journaled = Pick<Batch, 'carriedOut' | 'replies'>

/** What was decided and is not journaled yet: it waits for the disk, however long that is full. */
export interface Backlog {
  add: (batch: Batch) => void
  /** Appends all of it to the journal; after a failure, which is warned of, all of it stays. @returns whether it worked */
  write: () => Promise<boolean>
  /** Hands out what was written since the last call. */
  take: () => Journaled
  /** how many records wait for the journal */
  size: () => number
  /** why they wait */
  failure: () => Error | undefined
}

export function createBacklog(journal: Journal, warn: (message: string) => void): Backlog {
  let unwritten: JournalRecord[] = []
  let untaken: Journaled = { carriedOut: [], replies: [] }
  let failure: Error | undefined

  return {
    add({ journaled, carriedOut, replies }) {
      unwritten = unwritten.concat(journaled)
      untaken = {
        carriedOut: untaken.carriedOut.concat(carriedOut),
        replies: untaken.replies.concat(replies),
      }
    },

    async write() {
      try {
        await journal.append(unwritten)
      } catch (error) {
        if (!failure) {
          warn(`${messageOf(error)}; bans are still enforced, and emitted as soon as they can be journaled`)
        }
        failure = error instanceof Error ? error : new Error(messageOf(error))
        return false
      }
      if (failure) warn(`the journal can be written again, ${unwritten.length} records`)
      failure = undefined
      unwritten = []
      return true
    },

    take() {
      const taken = untaken
      untaken = { carriedOut: [], replies: [] }
      return taken
    },
    size: () => unwritten.length,
    failure: () => failure,
  }
}
