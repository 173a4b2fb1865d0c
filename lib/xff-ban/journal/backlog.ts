import { messageOf } from '../../exit.js'
import type { Outcome, Request } from '../jail/decide.js'
import type { Journal } from './journal.js'

/** Something that may be told now that it is enforced and journaled. */
export interface News {
  carriedOut: readonly Request[]
  answers: readonly (() => void)[]
}

/** What was decided and is not told yet: it waits for the disk, however long that is full. */
export interface Backlog {
  add: (outcome: Outcome) => void
  /** Brings what waits into the journal; a failure is said, and all of it waits on. @returns whether it worked */
  write: () => Promise<boolean>
  /** Hands out what is in the journal to be told. */
  news: () => News
  /** how many records wait for the journal */
  size: () => number
  /** why they do */
  failure: () => Error | undefined
}

export function createBacklog(journal: Journal, warn: (message: string) => void): Backlog {
  let unwritten: Request[] = []
  let untold: News = { carriedOut: [], answers: [] }
  let failure: Error | undefined

  return {
    add({ journaled, carriedOut, answers }) {
      unwritten = unwritten.concat(journaled)
      untold = {
        carriedOut: untold.carriedOut.concat(carriedOut),
        answers: untold.answers.concat(answers),
      }
    },

    async write() {
      try {
        await journal.append(unwritten)
      } catch (error) {
        if (!failure) {
          warn(`${messageOf(error)}; bans are still enforced, and told once they can be written`)
        }
        failure = error instanceof Error ? error : new Error(messageOf(error))
        return false
      }
      if (failure) warn(`the journal is written again, ${unwritten.length} records`)
      failure = undefined
      unwritten = []
      return true
    },

    news() {
      const news = untold
      untold = { carriedOut: [], answers: [] }
      return news
    },
    size: () => unwritten.length,
    failure: () => failure,
  }
}
