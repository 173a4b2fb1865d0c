/**
 * The instants, in milliseconds since 1970, at which a clock on the wall of a zone shows `wall`
 * (that reading, taken as if it were UTC): one; two in the hour that the end of summer time doubles,
 * the earlier first.
 */
export type Zone = (wall: number) => readonly number[]

const MINUTE = 60_000
const QUARTER = 15 * MINUTE
const DAY = 24 * 60 * MINUTE
/** Lines are written at the end of a request, so in order but for what runs in parallel. */
const DISORDER = MINUTE
/** How many quarters of an hour are remembered. */
const CACHE = 4096

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
  const cache = new Map<number, readonly number[]>()
  return wall => {
    if (Number.isNaN(wall)) return [wall]
    const quarter = Math.floor(wall / QUARTER)
    let offsets = cache.get(quarter)
    if (!offsets) {
      offsets = offsetsOf(quarter * QUARTER, offsetAt)
      if (cache.size >= CACHE) cache.clear()
      cache.set(quarter, offsets)
    }
    return offsets.map(offset => wall - offset)
  }
}

/** The offsets under which a clock shows this; in the gap that summer time leaves out, the one before it. */
function offsetsOf(wall: number, offsetAt: (instant: number) => number): readonly number[] {
  const before = offsetAt(wall - DAY)
  const after = offsetAt(wall + DAY)
  const showing = [...new Set([before, after])].filter(offset => offsetAt(wall - offset) === offset)
  return showing.length === 0 ? [before] : showing.sort((a, b) => b - a)
}

function fixedOffset(name: string | undefined): number | undefined {
  const [, sign, hours, minutes = '0'] = /^([+-])(\d\d):?([0-5]\d)?$/.exec(name ?? '') ?? []
  if (hours === undefined) return undefined
  if (Number(hours) > 14)
    throw new RangeError(`expected an offset from -14:00 to +14:00, got ${JSON.stringify(name)}`)
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * MINUTE
}

/** The offset from UTC in milliseconds at an instant; `undefined` for UTC itself. */
function zoneOffset(name: string | undefined): ((instant: number) => number) | undefined {
  // a DateTimeFormat takes a sixth of the start-up
  if (name === undefined) return instant => -new Date(instant).getTimezoneOffset() * MINUTE
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

/** Reads the dates of a log. */
export interface LogClock {
  /** The instant of a reading of the wall; where it has two, the one that keeps the log in order. */
  read: (wall: number, msecs: number) => number
  /** The instant of a reading that has only one; else NaN. */
  only: (wall: number) => number
  /** Is told of an instant that was read without it. */
  saw: (instant: number) => void
}

export function logClock(zone: Zone): LogClock {
  let newest = Number.NEGATIVE_INFINITY
  let latest = Number.NaN
  let instants: readonly number[] = []
  const at = (wall: number) => {
    // many lines have the same date
    if (wall !== latest) instants = zone(wall)
    latest = wall
    return instants
  }
  const saw = (instant: number) => {
    if (instant > newest) newest = instant
  }
  return {
    read(wall, msecs) {
      const [first = Number.NaN, second] = at(wall)
      const back = second !== undefined && first + msecs < newest - DISORDER
      const end = (back ? second : first) + msecs
      saw(end)
      return end
    },
    only(wall) {
      const [first = Number.NaN, second] = at(wall)
      return second === undefined ? first : Number.NaN
    },
    saw,
  }
}

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
      doubles = doublesHour(zone, from, to + DAY)
      days = now
    }
    return doubles
  }
}

function doublesHour(zone: Zone, from: number, to: number): boolean {
  const offset = (wall: number) => wall - (zone(wall)[0] as number)
  const start = offset(from - 2 * DAY)
  if (to - from < 10 * DAY) return offset(to + 2 * DAY) < start
  // a block of many days, or one without dates: unless the zone has no summer time
  return ![91, 182, 273].every(days => offset(from + days * DAY) === start)
}

export const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** `Sun Nov 22 14:06:08 2026` (ctime(3), as uWSGI's core/logging.c prints it) as a wall reading; NaN for no date. */
export function parseCtime(text: string): number {
  return wallReading(
    Number(text.slice(20, 24)),
    MONTHS.indexOf(text.slice(4, 7)),
    Number(text.slice(8, 10)),
    text.slice(11, 19),
  )
}

/** The parts of a date as a wall reading; NaN where there is no such date, as the 31st of February. */
export function wallReading(year: number, month: number, day: number, time: string): number {
  const [hour = 99, minute = 99, second = 99] = time.split(':').map(Number)
  const wall = Date.UTC(year, month, day, hour, minute, second)
  const date = new Date(wall)
  const real =
    date.getUTCMonth() === month && date.getUTCDate() === day && hour < 24 && minute < 60 && second < 61
  return real ? wall : Number.NaN
}

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: MINUTE, h: 60 * MINUTE, d: DAY }

/**
 * A moment to begin at: `2026-11-22`, `2026-11-22T14:00`, with seconds, in the log's zone or with one of its own
 * (`Z`, `+02:00`); or a time back from now: `30s`, `10m`, `2h`, `1d`.
 * @param now milliseconds since 1970
 * @throws RangeError
 */
export function parseSince(text: string, zone: Zone, now: number): number {
  const [, count, unit = ''] = /^(\d{1,9})([smhd])$/.exec(text) ?? []
  if (count !== undefined) return now - Number(count) * (UNITS[unit] as number)
  const [, date = '', clock = '00:00', seconds = ':00', own] =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d)?(Z|[+-]\d\d:\d\d)?)?$/.exec(text) ?? []
  const [year, month = 0, day] = date.split('-').map(Number)
  const wall = wallReading(year as number, month - 1, day as number, clock + seconds)
  if (Number.isNaN(wall))
    throw new RangeError(`expected a time like 2026-11-22T14:00 or 10m, got ${JSON.stringify(text)}`)
  const [instant = wall] = own === undefined ? zone(wall) : compileZone(own === 'Z' ? 'UTC' : own)(wall)
  return instant
}
