import TinyQueue from 'tinyqueue'
import type { Ban } from './ban.js'

/** How many stale entries may stay in the queue, beyond as many as there are bans in force. */
const STALE_ENTRIES = 1_000

export interface ExpiryQueue {
  add: (ban: Ban) => void
  /** The ban in force that ends first; of those that end together, the first by address. */
  first: () => Ban | undefined
}

/** Bans in the order of their ends; one that was ended early is skipped when its turn comes. */
export function createExpiryQueue(isInForce: (ban: Ban) => boolean): ExpiryQueue {
  let queue = new TinyQueue<Ban>([], byEnd)
  let limit = STALE_ENTRIES
  return {
    add(ban) {
      queue.push(ban)
      if (queue.length <= limit) return
      // bans and unbans of the same address by turns would grow it without end
      queue = new TinyQueue(queue.data.filter(isInForce), byEnd)
      limit = 2 * queue.length + STALE_ENTRIES
    },
    first() {
      let ban = queue.peek()
      while (ban && !isInForce(ban)) {
        queue.pop()
        ban = queue.peek()
      }
      return ban
    },
  }
}

function byEnd(a: Ban, b: Ban): number {
  return a.until - b.until || (a.ip < b.ip ? -1 : 1)
}
