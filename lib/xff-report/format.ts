import { numbered } from '../text/counted.js'
import { greatestUnits } from '../text/duration.js'
import { formatInstant } from '../wire/instant.js'
import { type Html, html } from './html.js'

/** Numbers, durations and instants for people: English, in UTC, the same on every machine. */

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** `12,345` */
export function amount(count: number): string {
  const digits = String(count)
  const groups: string[] = []
  for (let end = digits.length; end > 0; end -= 3) groups.unshift(digits.slice(Math.max(0, end - 3), end))
  return groups.join(',')
}

/** `1 failure`, `2 failures`; `one` is the singular. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${amount(count)} ${numbered(count, one, many)}`
}

/** `37%`; 0% and 100% mean exactly none and all. */
export function percent(part: number, whole: number): string {
  if (part === 0 || whole === 0) return '0%'
  if (part === whole) return '100%'
  return `${Math.min(99, Math.max(1, Math.round((100 * part) / whole)))}%`
}

/** A duration in its two largest units: `1 h 30 min`. */
export function span(milliseconds: number): string {
  return greatestUnits(Math.round(milliseconds / 1000))
    .filter(([count], i) => i === 0 || count > 0)
    .map(([count, unit]) => `${amount(count)} ${unit === 'm' ? 'min' : unit}`)
    .join(' ')
}

/** `22 Nov` */
export function day(instant: number): string {
  const date = new Date(instant)
  return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}`
}

/** `22 Nov 2026` */
export function date(instant: number): string {
  return `${day(instant)} ${new Date(instant).getUTCFullYear()}`
}

/** `14:06:08` */
export function clock(instant: number): string {
  return formatInstant(instant).slice(-13, -5)
}

/** The first and the last instant of a report. */
export interface Period {
  oldest: number | undefined
  newest: number | undefined
}

/** An instant of a report, without those parts of the date that all instants of the report share. */
export function moment(instant: number, { oldest = instant, newest = instant }: Period): string {
  const dates = [instant, oldest, newest].map(date)
  const years = dates.map(date => date.slice(-4))
  const same = (parts: readonly string[]) => new Set(parts).size === 1
  const shown = same(dates) ? '' : same(years) ? `${day(instant)} ` : `${date(instant)} `
  return `${shown}${clock(instant)}`
}

/** The same as a `<time>` element. */
export function markedMoment(instant: number, period: Period): Html {
  return html`<time datetime="${formatInstant(instant)}">${moment(instant, period)}</time>`
}
