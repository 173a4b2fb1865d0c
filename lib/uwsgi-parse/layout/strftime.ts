import { MONTHS, wallReading } from '../time/date.js'
import { escaped } from './part.js'

/** A name in any language: an app may set the locale in which uWSGI prints it. One of no English is no date afterwards. */
const NAME = '[^\\s\\]"]{1,24}'

/** The directives of strftime(3) that can be read back, and what they print. */
const STRFTIME: Readonly<Record<string, string>> = {
  Y: '\\d{4}',
  y: '\\d\\d',
  m: '\\d\\d',
  d: '\\d\\d',
  e: '[ \\d]\\d',
  b: NAME,
  h: NAME,
  B: NAME,
  a: NAME,
  A: NAME,
  H: '\\d\\d',
  I: '\\d\\d',
  // none in most of Europe
  p: `(?:${NAME})?`,
  M: '\\d\\d',
  S: '\\d\\d',
  s: '\\d{1,12}',
  j: '\\d{3}',
  z: '[+-]\\d{4}',
  Z: '[A-Za-z0-9+-]{1,6}',
  F: '\\d{4}-\\d\\d-\\d\\d',
  T: '\\d\\d:\\d\\d:\\d\\d',
  R: '\\d\\d:\\d\\d',
  D: '\\d\\d/\\d\\d/\\d\\d',
}

/** Those that stand for several. */
const COMPOUND: Readonly<Record<string, string>> = {
  F: '%Y-%m-%d',
  T: '%H:%M:%S',
  R: '%H:%M',
  D: '%m/%d/%y',
  h: '%b',
}

/**
 * The pattern of what strftime prints for a format.
 * @throws RangeError for a directive that cannot be read back
 */
export function strftimePattern(format: string): string {
  return directives(format)
    .map(part => (typeof part === 'string' ? escaped(part) : STRFTIME[part.directive]))
    .join('')
}

/** Whether strftime would put a date into this text. */
export function hasDirective(text: string): boolean {
  return [...text.matchAll(/%(.)/g)].some(([, letter]) => Object.hasOwn(STRFTIME, letter as string))
}

/** The characters that may go on with the last directive, where it prints a text of no fixed length. */
export function openEnd(format: string): RegExp | null {
  if (/%[bBhaAp]$/.test(format)) return /[^\s\]"]/
  return /%[sZ]$/.test(format) ? /[0-9A-Za-z+-]/ : null
}

/** Whether a date tells an instant by itself. */
export function isInstant(format: string): boolean {
  return /%z/.test(format) && !/%[^YmdbHMSFTz]/.test(format)
}

/** Where the seconds stand in what strftime prints; -1 where that differs from date to date. */
export function secondsIn(format: string): number {
  const printed = expanded(format)
    .replace(/%Y/g, '0000')
    .replace(/%[mdHM]/g, '00')
  const at = printed.indexOf('%S')
  const before = printed.slice(0, at)
  return at < 0 || before.includes('%') || printed.indexOf('%S', at + 1) >= 0 ? -1 : before.length
}

/** A format with the directives that its compound ones stand for. */
function expanded(format: string): string {
  return format.replace(/%([FTRDh])/g, (_, letter: string) => COMPOUND[letter] as string)
}

/** When a text that strftime printed was: an instant, a reading of the wall, or NaN where it does not tell to the second. */
export function parseStrftime(text: string, format: string): { instant: number } | { wall: number } {
  const parts = directives(expanded(format))
  const source = parts.map(part =>
    typeof part === 'string' ? escaped(part) : `(${STRFTIME[part.directive]})`,
  )
  const match = new RegExp(`^${source.join('')}$`).exec(text)
  const names = parts.flatMap(part => (typeof part === 'string' ? [] : part.directive))
  const value = (directive: string) => match?.[names.indexOf(directive) + 1 || 99]
  if (value('s') !== undefined) return { instant: Number(value('s')) * 1000 }

  const shortYear = value('y')
  const year = Number(value('Y') ?? (shortYear === undefined ? Number.NaN : 2000 + Number(shortYear)))
  const name = value('b') ?? value('B')?.slice(0, 3)
  const month = name === undefined ? Number(value('m')) - 1 : MONTHS.indexOf(name)
  const half = value('p')
  const afternoon = half === 'PM' ? 12 : half === 'AM' ? 0 : Number.NaN
  const hour = half === undefined ? value('H') : (Number(value('I')) % 12) + afternoon
  const wall = wallReading(
    year,
    month,
    Number(value('d') ?? value('e')),
    `${hour}:${value('M')}:${value('S')}`,
  )
  const zone = value('z')
  return zone === undefined ? { wall } : { instant: wall - parseOffset(zone) }
}

/** `+0200` in milliseconds. */
export function parseOffset(zone: string): number {
  return (zone.startsWith('-') ? -1 : 1) * (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3, 5))) * 60_000
}

function directives(format: string): (string | { directive: string })[] {
  return (format.match(/%.|[^%]+|%$/gs) ?? []).map(part => {
    if (!part.startsWith('%') || part === '%') return part
    const directive = part.slice(1)
    if (directive === '%') return '%'
    if (Object.hasOwn(STRFTIME, directive)) return { directive }
    throw new RangeError(`${part} cannot be read back`)
  })
}
