/** What was seen of a ban, and when that ban ends, in milliseconds since 1970. */
export interface Seen<T> {
  until: number
  found: T
}

/** The first and the longest ban, in seconds. */
const [SHORT, LONG] = [4, 64]

/**
 * Looks at what is so while a ban lasts that is to end soon. A machine may be too slow to see so short a one: then it is
 * banned and looked anew, for twice as long.
 * @param attempt bans for so many seconds, and looks
 */
export async function inTime<T>(attempt: (seconds: number) => Promise<Seen<T>>): Promise<Seen<T>> {
  for (let seconds = SHORT; seconds <= LONG; seconds *= 2) {
    const seen = await attempt(seconds)
    if (Date.now() < seen.until) return seen
  }
  throw new Error(`this machine is too slow to see what is so during a ban of ${LONG} s`)
}
