import TinyQueue from 'tinyqueue'
import type { Ban } from './jail.js'

/** How many bans that are no longer in force are kept before they are cleared out, beyond as many as are. */
const SLACK = 1_000

export interface Ends {
  add: (ban: Ban) => void
  /** The ban in force that ends first; of those that end together, the first by name. */
  first: () => Ban | undefined
}

/** Bans in the order of their ends; one that was ended early is passed over when its turn comes. */
export function createEnds(inForce: (ban: Ban) => boolean): Ends {
  let queue = new TinyQueue<Ban>([], sooner)
  let bound = SLACK
  return {
    add(ban) {
      queue.push(ban)
      if (queue.length <= bound) return
      // bans that are asked for and undone by turns would grow it without end
      queue = new TinyQueue(queue.data.filter(inForce), sooner)
      bound = 2 * queue.length + SLACK
    },
    first() {
      let ban = queue.peek()
      while (ban && !inForce(ban)) {
        queue.pop()
        ban = queue.peek()
      }
      return ban
    },
  }
}

function sooner(a: Ban, b: Ban): number {
  return a.until - b.until || (a.ip < b.ip ? -1 : 1)
}
