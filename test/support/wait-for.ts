import { setTimeout as pause } from 'node:timers/promises'

/**
 * How long to wait for anything unless said, in milliseconds: for a machine that is slow and busy. What takes longer is
 * taken for something that does not happen.
 */
export const LIMIT = 120_000

export interface Patience {
  /** how long to wait at the most, in milliseconds */
  within?: number
  /** between two looks, in milliseconds */
  every?: number
}

/**
 * Looks until there is something to see, and returns it. For what other programs bring about.
 * @param what is waited for, as the error says it
 * @param look returns undefined or false, or throws, as long as there is nothing
 * @throws Error that says what did not come, and what the last look threw
 */
export async function waitFor<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  { within = LIMIT, every = 20 }: Patience = {},
): Promise<T> {
  const end = performance.now() + within
  for (;;) {
    let cause: unknown
    try {
      const seen = await look()
      if (seen !== undefined && seen !== false) return seen
    } catch (error) {
      cause = error
    }
    if (performance.now() > end) {
      const last = cause === undefined ? '' : `: ${cause instanceof Error ? cause.message : cause}`
      throw new Error(`waited ${within / 1000} s in vain for ${what}${last}`, { cause })
    }
    await pause(every)
  }
}
