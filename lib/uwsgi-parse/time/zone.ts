import { BoundedMap } from '../../bounded-map.js'

/**
 * The instants, in milliseconds since 1970, at which a clock on the wall of a zone shows `wall`
 * (that reading, taken as if it were UTC): one; two in the hour that the end of summer time doubles,
 * the earlier first.
 */
export type Zone = (wall: number) => readonly number[]

const MINUTE_MS = 60_000
const QUARTER_MS = 15 * MINUTE_MS
const DAY_MS = 24 * 60 * MINUTE_MS
/** How many quarters of an hour are remembered. */
const MAX_CACHED = 4096

/**
 * @param name an IANA zone (`Europe/Berlin`), an offset (`+02:00`), or `undefined` for the zone of the machine
 * @throws RangeError for a name that is none
 */
export function compileZone(name?: string): Zone {
  const fixed = fixedOffset(name)
  if (fixed !== undefined) return wall => [wall - fixed]
  const offsetAt = zoneOffset(name)
  if (offsetAt === undefined) return wall => [wall]

  // no zone has changed its clocks within a quarter of an hour since computers count in seconds
  const cache = new BoundedMap<number, readonly number[]>(MAX_CACHED)
  const make = (quarter: number) => offsetsOf(quarter * QUARTER_MS, offsetAt)
  return wall => {
    if (Number.isNaN(wall)) return [wall]
    const offsets = cache.getOrMake(Math.floor(wall / QUARTER_MS), make)
    return offsets.map(offset => wall - offset)
  }
}

/** The offsets under which a clock shows this; in the gap that summer time leaves out, the one before it. */
function offsetsOf(wall: number, offsetAt: (instant: number) => number): readonly number[] {
  const before = offsetAt(wall - DAY_MS)
  const after = offsetAt(wall + DAY_MS)
  const showing = [...new Set([before, after])].filter(offset => offsetAt(wall - offset) === offset)
  return showing.length === 0 ? [before] : showing.sort((a, b) => b - a)
}

function fixedOffset(name: string | undefined): number | undefined {
  const [, sign, hours, minutes = '0'] = /^([+-])(\d\d):?([0-5]\d)?$/.exec(name ?? '') ?? []
  if (hours === undefined) return undefined
  if (Number(hours) > 14)
    throw new RangeError(`expected an offset from -14:00 to +14:00, got ${JSON.stringify(name)}`)
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * MINUTE_MS
}

/** The offset from UTC in milliseconds at an instant; `undefined` for UTC itself. */
function zoneOffset(name: string | undefined): ((instant: number) => number) | undefined {
  // a DateTimeFormat takes a sixth of the start-up
  if (name === undefined) return instant => -new Date(instant).getTimezoneOffset() * MINUTE_MS
  const format = wallFormat(name)
  if (/^(Etc\/)?(UTC|UCT|Zulu|Universal|GMT|Greenwich)$/.test(format.resolvedOptions().timeZone))
    return undefined
  return instant => {
    const part = Object.fromEntries(
      format.formatToParts(instant).map(({ type, value }) => [type, Number(value)]),
    )
    const { year = 0, month = 1, day, hour, minute, second } = part
    const wall = Date.UTC(year, month - 1, day, hour, minute, second)
    return wall - Math.floor(instant / 1000) * 1000
  }
}

function wallFormat(timeZone: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone,
      calendar: 'iso8601',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
  } catch {
    throw new RangeError(`expected a zone like Europe/Berlin or +02:00, got ${JSON.stringify(timeZone)}`)
  }
}
