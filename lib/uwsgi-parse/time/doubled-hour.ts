import { parseCtime } from './date.js'
import type { Zone } from './zone.js'

const DAY_MS = 86_400_000
/** What stands before a line's date in uWSGI's own layout. */
const BEFORE_DATE = '} ['

/**
 * Whether the hour that the end of summer time doubles may lie in a block of the log, or within two days of it: told by
 * the days of its first and its last date, and asked again only when these change.
 */
export function watchDoubledHour(zone: Zone): (block: Buffer) => boolean {
  let days = ''
  let doubles = false
  return block => {
    const first = block.indexOf(BEFORE_DATE)
    if (first < 0) return false
    const found = [first, block.lastIndexOf(BEFORE_DATE)].map(at => {
      const start = at + BEFORE_DATE.length
      return block.toString('latin1', start, start + 11) + block.toString('latin1', start + 20, start + 24)
    })
    const now = found.join()
    if (now !== days) {
      const [from, to] = found
        .map(day => parseCtime(`${day.slice(0, 11)}00:00:00 ${day.slice(11)}`))
        .sort((a, b) => a - b) as [number, number]
      doubles = doublesHour(zone, from, to + DAY_MS)
      days = now
    }
    return doubles
  }
}

function doublesHour(zone: Zone, from: number, to: number): boolean {
  const offset = (wall: number) => wall - (zone(wall)[0] as number)
  const start = offset(from - 2 * DAY_MS)
  if (to - from < 10 * DAY_MS) return offset(to + 2 * DAY_MS) < start
  // a block of many days, or one without dates: unless the zone has no summer time
  return ![91, 182, 273].every(days => offset(from + days * DAY_MS) === start)
}
