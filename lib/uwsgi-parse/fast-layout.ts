import { ADDRESSES } from './address-slot.js'
import type { RowKind, StepKind } from './fast-layout-table.js'
import type { Field, Part } from './layout/ambiguity.js'
import type { Format } from './layout/log-format.js'
import { isNamedTime, SAME_AS } from './layout/variables.js'
import { instantOf } from './request.js'

interface Step {
  does: StepKind
  /** of a number, the most digits; of an instant, how many milliseconds it counts; of a date, where its seconds stand */
  number: number
  /** the literal at this place, or behind it */
  literal: string
  /** what a text must not hold, since the part before it could then stand further right: characters, or nothing */
  without: readonly string[]
}

interface Row {
  writes: RowKind
  /** which step it is of */
  place: number
  key: string
}

/** A layout as tables for the module. */
export interface FastLayout {
  steps: readonly Step[]
  rows: readonly Row[]
  /** the place of the duration that is added to the time; -1: none */
  msecs: number
  /** reads the date at the beginning of a text; undefined: a number tells the time */
  readDate: ((text: string) => { length: number; instant: number } | undefined) | undefined
  /** lines of so many bytes may have been cut */
  cutAt: number
}

const MAX_STEPS = 64
const MAX_LITERAL_BYTES = 1000
const SHORT_NUMBER = 9
const LONG_NUMBER = 15

/** Numbers that tell the time, with the milliseconds that they count. */
const INSTANTS: Readonly<Record<string, number>> = { tmsecs: 1, time: 1000, epoch: 1000 }
/** Fields that are read in a way of their own. */
const ODD = ['tmicros', 'micros', 'secs', 'nanos', 'ctime', 'colour', 'rest of the line']
/** Names that JSON, and an object of JavaScript, have as they are, in the order in which they come. */
const IS_PLAIN_NAME = /^(?!(?:var\.|other )?(?:\d+|__proto__)$)[ !#-[\]-~]{0,100}$/
/** How many texts one record carries (request.ts). */
const MAX_TEXTS = 32

/**
 * Compiles the parts of a layout for the module, where that has steps for all of them, and where in an ordinary line each
 * can stand at one place only: a part that begins with a byte which neither the text behind it nor any of its fields can
 * hold stands at the first place where it fits, and nowhere else.
 * @returns null for a layout that is left to the full parser
 */
export function compileLayout(format: Format): FastLayout | null {
  const { parts, dates, isEscaped, read } = format
  if (!parts || isEscaped || read || parts.length > MAX_STEPS) return null
  const names = parts.map(nameOf)
  const texts = parts.flatMap(part => ('text' in part ? part.text : []))
  const clocks = names.filter(
    name => name === 'ltime' || name in INSTANTS || dates.some(({ field }) => field === name),
  )
  const isPlain =
    clocks.length === 1 &&
    names.filter(name => ADDRESSES.includes(name)).length === 1 &&
    texts.length <= MAX_TEXTS &&
    names.every((name, i) => name === '' || names.indexOf(name) === i) &&
    !Object.entries(SAME_AS).some(pair => pair.every(name => names.includes(name))) &&
    !names.some(name => ODD.includes(name) || isNamedTime(name) || !IS_PLAIN_NAME.test(name)) &&
    parts.reduce((sum, part) => sum + ('literal' in part ? part.literal.length : 0), 0) <= MAX_LITERAL_BYTES
  if (!isPlain) return null
  const steps = parts.map((_, i) => stepOf(parts, i, format))
  if (!steps.every(step => step !== null)) return null
  const date = parts.find(
    (part): part is Field => 'field' in part && clocks.includes(part.field) && !(part.field in INSTANTS),
  )
  const msecs = clocks[0] === 'epoch' || format.isDatedAtEnd ? -1 : names.indexOf('msecs')
  return {
    ...{ steps, msecs, rows: rowsOf(names, texts), cutAt: format.cutAt },
    readDate: date && dateReader(date, dates.find(({ field }) => field === date.field)?.format),
  }
}

/** @param format with which strftime printed it, if it did */
function dateReader({ grammar }: Field, format: string | undefined): FastLayout['readDate'] {
  const pattern = new RegExp(`^(?:${grammar.source})`)
  return text => {
    const [found] = pattern.exec(text) ?? []
    return found === undefined ? undefined : { length: found.length, instant: instantOf(found, format) }
  }
}

function nameOf(part: Part): string {
  return 'literal' in part ? '' : 'text' in part ? part.text : part.field
}

/** @returns null where the module has none */
function stepOf(parts: readonly Part[], index: number, format: Format): Step | null {
  const part = parts[index]
  if (!part) return null
  if ('literal' in part)
    return isPlainLiteral(part.literal) ? step('literal', { literal: part.literal }) : null
  if ('field' in part) return stepOfField(part, format)
  const next = parts[index + 1]
  if (next && !('literal' in next)) return null
  const literal = next?.literal ?? ''
  const isLast = !parts.slice(index + 1).some(other => !('literal' in other))
  const without = barred(parts.slice(0, index), literal)
  if (without === null) return null
  if (ADDRESSES.includes(part.text)) return step('address', { literal, without })
  return step(isLast ? 'lastText' : 'text', { literal, without })
}

function step(does: Step['does'], rest: Partial<Step> = {}): Step {
  return { does, number: 0, literal: '', without: [], ...rest }
}

function stepOfField({ field, unformatted }: Field, { dates }: Format): Step | null {
  if (unformatted !== undefined) return null
  if (field === 'status') return step('status')
  if (ADDRESSES.includes(field)) return step('oneAddress')
  if (field === 'ltime') return step('date', { number: '22/Nov/2026:14:09:'.length })
  const date = dates.find(one => one.field === field)
  if (date) return isInstant(date.format) ? step('date', { number: secondsIn(date.format) }) : null
  if (field in INSTANTS) return step('instant', { number: INSTANTS[field] ?? 1 })
  if (field === 'msecs') return step('number', { number: SHORT_NUMBER })
  if (field === 'rsize' || field === 'size') return step('number', { number: LONG_NUMBER })
  return COUNTS.has(field) ? step('count') : null
}

/** Numbers of uWSGI's that are no part of a record. */
const COUNTS: ReadonlySet<string> = new Set(
  ['hsize', 'cl', 'pid', 'wid', 'switches', 'vars', 'core', 'vsz', 'rss', 'vszM', 'rssM', 'pktsize'].concat([
    'modifier1',
    'modifier2',
    'headers',
    'werr',
    'rerr',
    'ioerr',
    'var.REMOTE_PORT',
  ]),
)

/** Whether a date tells an instant by itself. */
function isInstant(format: string): boolean {
  return /%z/.test(format) && !/%[^YmdbHMSFTz]/.test(format)
}

/** Where the seconds stand in what strftime prints; -1 where that differs from date to date. */
function secondsIn(format: string): number {
  const printed = format
    .replace(/%F/g, '%Y-%m-%d')
    .replace(/%T/g, '%H:%M:%S')
    .replace(/%Y/g, '0000')
    .replace(/%[mdHM]/g, '00')
  const at = printed.indexOf('%S')
  const before = printed.slice(0, at)
  return at < 0 || before.includes('%') || printed.indexOf('%S', at + 1) >= 0 ? -1 : before.length
}

function isPlainLiteral(literal: string): boolean {
  return /^[\t -~]+$/.test(literal) && !literal.includes('%%')
}

/**
 * What a text must not hold: the first and the last byte of the part that stands before it.
 * @param before all that stands before the text
 * @returns null where that part does not show where it stands
 */
function barred(before: readonly Part[], behind: string): readonly string[] | null {
  const from = before.findLastIndex(part => 'text' in part) + 1
  const [first, last] = [before[from], before.at(-1)]
  // at the beginning of a line, and nowhere else
  if (!first || (from === 0 && (!('literal' in first) || first.literal.startsWith(' '))))
    return !last || 'literal' in last ? [] : null
  if (!('literal' in first) || !last || !('literal' in last)) return null
  const begin = first.literal.charAt(0)
  // fields hold letters and digits
  if (/[0-9A-Za-z-]/.test(begin)) return null
  // one that ends the text, or that no text holds, need not be looked for
  return [...new Set([begin, last.literal.slice(-1)])].filter(
    byte => byte !== '"' && byte !== '\\' && byte !== behind,
  )
}

/** What stands in a record, in its order. */
function rowsOf(names: readonly string[], texts: readonly string[]): Row[] {
  const row = (writes: Row['writes'], key: string, ...from: readonly string[]): Row[] => {
    const place = from.map(name => names.indexOf(name)).find(at => at >= 0)
    return place === undefined ? [] : [{ writes, place, key }]
  }
  const text = (field: string, name: string, writes: Row['writes']) =>
    row(writes, `,"${field}":"`, name, SAME_AS[name] ?? name)
  const known = new Set(Object.entries(SAME_AS).flat())
  const isVariable = (name: string) => !known.has(name) && !ADDRESSES.includes(name)
  return [
    ...text('method', 'method', 'text'),
    ...text('uri', 'uri', 'text'),
    ...text('protocol', 'proto', 'text'),
    ...text('user', 'user', 'filledText'),
    ...row('number', ',"bytes":', 'rsize', 'size'),
    ...row('number', ',"msecs":', 'msecs'),
    { writes: 'list', place: 0, key: '' },
    ...text('referer', 'referer', 'filledText'),
    ...text('agent', 'uagent', 'filledText'),
    ...text('host', 'host', 'filledText'),
    ...texts
      .filter(isVariable)
      .flatMap(name => row('variable', `"${name.replace(/^(?:var\.|other )/, '')}":"`, name)),
  ]
}
