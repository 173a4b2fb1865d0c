const MINUTE_MS = 60_000
const HALF_HOUR_MS = 30 * MINUTE_MS
/** No zone is further from another. */
const MAX_OFFSET_MS = 26 * 60 * MINUTE_MS
/** How late a record of a live log may be. */
const TOLERANCE_MS = 90_000
/** How many records in a row have to be off by the same time. */
const MIN_RECORDS = 3

/**
 * Warns once of records that all lie the same number of half hours before or after the clock: a live log in another time
 * zone than uwsgi-parse was told. Its bans would have ended before they come.
 * @returns is told of each record: when it says that it was, and now; milliseconds since 1970
 */
export function createZoneWarning(warn: (message: string) => void): (at: number, now: number) => void {
  let isDone = false
  let halfHours = 0
  let count = 0
  return (at, now) => {
    if (isDone) return
    const behind = now - at
    const nearest = Math.round(behind / HALF_HOUR_MS)
    const isOff =
      nearest !== 0 &&
      Math.abs(behind) <= MAX_OFFSET_MS &&
      Math.abs(behind - nearest * HALF_HOUR_MS) <= TOLERANCE_MS
    count = isOff && nearest === halfHours ? count + 1 : isOff ? 1 : 0
    halfHours = nearest
    if (count < MIN_RECORDS) return
    isDone = true
    const hours = Math.abs(nearest) / 2
    warn(
      `${count} records in a row are ${hours} h ${nearest > 0 ? 'behind' : 'ahead of'} the clock: if the log is live, it is in ` +
        `another time zone, and bans ${nearest > 0 ? 'have ended before they come' : 'come to the wrong time'}. Give ` +
        'uwsgi-parse --tz, such as --tz UTC',
    )
  }
}
