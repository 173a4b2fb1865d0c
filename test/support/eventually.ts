import { setTimeout as pause } from 'node:timers/promises'

/** Tries until it works, for a while; then its last error stands. For what other programs bring about. */
export async function eventually<T>(attempt: () => T | Promise<T>, seconds = 20): Promise<T> {
  const deadline = Date.now() + seconds * 1000
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      if (Date.now() > deadline) throw error
      await pause(20)
    }
  }
}
