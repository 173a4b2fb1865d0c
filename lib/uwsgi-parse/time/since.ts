import { wallReading } from './date.js'
import { compileZone, type Zone } from './zone.js'

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/**
 * A moment to begin at: `2026-11-22`, `2026-11-22T14:00`, with seconds, in the log's zone or with one of its own
 * (`Z`, `+02:00`); or a time back from now: `30s`, `10m`, `2h`, `1d`.
 * @param now milliseconds since 1970
 * @throws RangeError
 */
export function parseSince(text: string, zone: Zone, now: number): number {
  const [, count, unit = ''] = /^(\d{1,9})([smhd])$/.exec(text) ?? []
  if (count !== undefined) return now - Number(count) * (UNIT_MS[unit] as number)
  const [, date = '', clock = '00:00', seconds = ':00', own] =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d)?(Z|[+-]\d\d:\d\d)?)?$/.exec(text) ?? []
  const [year, month = 0, day] = date.split('-').map(Number)
  const wall = wallReading(year as number, month - 1, day as number, clock + seconds)
  if (Number.isNaN(wall))
    throw new RangeError(`expected a time like 2026-11-22T14:00 or 10m, got ${JSON.stringify(text)}`)
  const [instant = wall] = own === undefined ? zone(wall) : compileZone(own === 'Z' ? 'UTC' : own)(wall)
  return instant
}
