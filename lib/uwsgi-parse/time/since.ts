import { parseDuration } from '../../text/duration.js'
import { wallReading } from './date.js'
import { compileZone, type Zone } from './zone.js'

/**
 * A moment to begin at: `2026-11-22`, `2026-11-22T14:00`, with seconds, in the log's zone or with one of its own
 * (`Z`, `+02:00`); or a time back from now: `30s`, `10m`, `2h`, `1d`.
 * @param now milliseconds since 1970
 * @throws RangeError
 */
export function parseSince(text: string, zone: Zone, now: number): number {
  const seconds = /\d$/.test(text) ? undefined : parseDuration(text)
  if (seconds !== undefined) return now - seconds * 1000
  const [, date = '', clock = '00:00', second = ':00', own] =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d)?(Z|[+-]\d\d:\d\d)?)?$/.exec(text) ?? []
  const [year = Number.NaN, month = 0, day = 0] = date.split('-').map(Number)
  const wall = wallReading(year, month - 1, day, clock + second)
  if (Number.isNaN(wall))
    throw new RangeError(`expected a time like 2026-11-22T14:00 or 10m, got ${JSON.stringify(text)}`)
  const [instant = wall] = own === undefined ? zone(wall) : compileZone(own === 'Z' ? 'UTC' : own)(wall)
  return instant
}
