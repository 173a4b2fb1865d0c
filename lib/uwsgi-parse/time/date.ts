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
