import { setTimeout as sleep } from 'node:timers/promises'
import { EXIT, ExitError } from '../../exit.js'
import { createBackoff } from '../../retry.js'
import { ApiError, CODE } from './api.js'
import type { Link } from './link.js'

const RETRY = { firstMs: 50, longestMs: 1000 }
/** After so many attempts in vain it is told that nobody answers: a new leader takes up to nine seconds. */
const ATTEMPTS_BEFORE_WARNING = 15

/**
 * Asks until there is an answer: over lost connections, and leaders that are none any more.
 * @throws AbortError when the signal says so, ExitError where it is refused or the stream is not there
 */
export async function persist<T>(
  link: Link,
  what: string,
  signal: AbortSignal,
  attempt: () => Promise<T | undefined>,
): Promise<T> {
  const backoff = createBackoff(RETRY)
  for (let count = 1; ; count++) {
    signal.throwIfAborted()
    try {
      const answer = await attempt()
      if (answer !== undefined) return answer
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (error.code === CODE.streamNotFound) throw notSetUp(what)
    }
    if (count === ATTEMPTS_BEFORE_WARNING && link.isConnected()) {
      link.warn(
        `nobody answers for ${what}: the servers elect a leader, or xff-bus setup has not been run; tries again`,
      )
    }
    await backoff.wait()
  }
}

export function notSetUp(what: string): ExitError {
  return new ExitError(`${what} is not there: run xff-bus setup`, EXIT.unavailable)
}

/** Waits, but no longer than the signal lets it. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch(() => {})
}
