import { setTimeout as pause } from 'node:timers/promises'

export interface Patience {
  /** how long to wait at the most, in milliseconds */
  within?: number
  /** between two looks, in milliseconds */
  every?: number
}

/**
 * Looks until there is something to see, and returns it.
 * @param what is waited for, as the error says it
 * @param look returns undefined or false as long as there is nothing
 */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  { within = 10_000, every = 10 }: Patience = {},
): Promise<T> {
  const end = performance.now() + within
  for (;;) {
    const seen = await look()
    if (seen !== undefined && seen !== false) return seen
    if (performance.now() > end) throw new Error(`waited ${within} ms in vain for ${what}`)
    await pause(every)
  }
}
