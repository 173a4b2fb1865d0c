import { setTimeout } from 'node:timers/promises'

/** A pause that another part of the program can end before its time. */
export interface Pause {
  /** Waits for so many milliseconds, or until `end`. A second wait ends the first. */
  wait: (milliseconds: number) => Promise<void>
  /** Ends the wait there is, if any. */
  end: () => void
}

export function createPause(): Pause {
  let waiting = new AbortController()
  return {
    async wait(milliseconds) {
      waiting.abort()
      waiting = new AbortController()
      await setTimeout(milliseconds, undefined, { signal: waiting.signal }).catch(() => {})
    },
    end: () => waiting.abort(),
  }
}

/** The pauses between attempts: each twice as long as the one before it, up to the longest. */
export interface Backoff {
  /** how long the next pause is, in milliseconds */
  nextMs: () => number
  /** Waits until it is time for the next attempt. */
  wait: () => Promise<void>
  /** The next pause is the first again. */
  reset: () => void
  /** Ends the pause there is, if any. */
  end: () => void
}

export function createBackoff({ firstMs, longestMs }: { firstMs: number; longestMs: number }): Backoff {
  const pause = createPause()
  let nextMs = firstMs
  return {
    nextMs: () => nextMs,
    wait() {
      const waited = pause.wait(nextMs)
      nextMs = Math.min(2 * nextMs, longestMs)
      return waited
    },
    reset() {
      nextMs = firstMs
    },
    end: pause.end,
  }
}
