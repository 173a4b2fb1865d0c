import { END_OF_TIME_MS, parseInstant } from '../../wire/instant.js'

/** A record may be this far ahead of the clock; one further ahead counts as of now, since nothing may come after it. */
export const MAX_AHEAD_MS = 300_000
/** The last instant that can be read back. */
const MAX_INSTANT_MS = END_OF_TIME_MS - 1

/** When a record was made, in milliseconds since 1970: now, if it does not say so, or cannot be right. */
export function timeOf({ time }: { time?: string }, now: number): number {
  const at = time === undefined ? now : parseInstant(time)
  return at > now + MAX_AHEAD_MS ? now : at
}

/** An instant that can be written, and read back. */
export function inRange(instant: number): number {
  return Math.min(Math.max(0, instant), MAX_INSTANT_MS)
}
