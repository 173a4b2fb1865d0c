/** How long a transaction may wait for company, in milliseconds. */
const GATHER = 25

/**
 * When the next transaction may begin: at once after a pause, and otherwise not before GATHER has passed since the
 * last one, so that a lone ban does not wait and a burst comes in a few pieces.
 */
export interface Pace {
  turn: () => Promise<void>
  /** A transaction is over: the next one waits for company. */
  rest: () => void
  /** Whoever waits, and whoever comes before the next rest, waits no longer. */
  hurry: () => void
}

export function createPace(): Pace {
  let resting: Promise<void> = Promise.resolve()
  let end = () => {}
  return {
    async turn() {
      // what arrived in one piece of input goes together in any case
      await new Promise(resolve => setImmediate(resolve))
      await resting
    },
    rest() {
      end()
      resting = new Promise(resolve => {
        const timer = setTimeout(resolve, GATHER)
        end = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    },
    hurry: () => end(),
  }
}
