import { END_OF_TIME_MS, formatInstant } from '../wire/instant.js'
import type { RequestRecord } from '../wire/record.js'
import { ADDRESSES, type Attribution, attribute, type SlotDoubt } from './address-slot.js'
import type { Format } from './layout/log-format.js'
import type { Reading } from './layout/reading.js'
import { parseOffset, parseStrftime } from './layout/strftime.js'
import { ENDS, isNamedTime, SAME_AS } from './layout/variables.js'
import { MONTHS, parseCtime, wallReading } from './time/date.js'
import type { LogClock } from './time/log-clock.js'

/** How much of the variables of a layout one record carries. */
const MAX_VARS = 32

/** Why the client of a request is not known. */
export type Doubt = SlotDoubt | 'torn' | 'cut' | 'rest' | 'joined' | 'no time'

export interface Request {
  record: RequestRecord
  doubt: Doubt | undefined
}

/**
 * The record of a line as it was read.
 * @param lineDoubt why a client may have had a hand in where the line begins or ends
 */
export function toRequest(
  reading: Reading,
  format: Format,
  attribution: Attribution,
  clock: LogClock,
  lineDoubt?: Doubt,
): Request {
  const { value, disputed } = reading
  const known = (name: string) => value(name) ?? value(SAME_AS[name] ?? name)
  const msecs = durationOf(reading)
  const end = endOf(reading, format, msecs ?? 0, clock)
  const isDated = end >= 0 && end < END_OF_TIME_MS
  const { client, slots, doubt = lineDoubt } = attribute(reading, format, attribution)
  const ip = isDated && client && !disputed('status') && lineDoubt === undefined ? client.ip : null
  const bytes = numberOf(value('rsize') ?? value('size'))
  const { user, referer, uagent, host, ...vars } = textsOf(reading)
  const [status, method, uri, protocol] = ['status', 'method', 'uri', 'proto'].map(known)

  // fields in the order of the table of records
  const record: RequestRecord = {
    type: 'request',
    time: isDated ? formatInstant(end) : null,
    ip,
  }
  if (status !== undefined) record.status = Number(status)
  if (method !== undefined) record.method = method
  if (uri !== undefined) record.uri = uri
  if (protocol !== undefined) record.protocol = protocol
  if (user !== undefined) record.user = user
  if (bytes !== undefined) record.bytes = bytes
  if (msecs !== undefined) record.msecs = msecs
  if (ip === null || client?.isListed) record.via = slots.at(-1) ?? value('addr') ?? ''
  if (referer !== undefined) record.referer = referer
  if (uagent !== undefined) record.agent = uagent
  if (host !== undefined) record.host = host
  if (Object.keys(vars).length > 0) record.vars = vars
  return { record, doubt: ip === null ? (doubt ?? (isDated ? undefined : 'no time')) : undefined }
}

/** How long the answer took, in milliseconds. */
function durationOf({ value }: Reading): number | undefined {
  const micros = numberOf(value('micros'))
  if (micros !== undefined) return micros / 1000
  const secs = numberOf(value('secs')?.replace(',', '.'))
  return numberOf(value('msecs')) ?? (secs === undefined ? undefined : secs * 1000)
}

/** When the answer was written; NaN where that is not told, or in two ways. */
function endOf(reading: Reading, { dates, isDatedAtEnd }: Format, msecs: number, clock: LogClock): number {
  const { value, disputed } = reading
  for (const [name, instant] of INSTANTS) {
    const text = value(name)
    if (text === undefined) continue
    if (disputed(name) || disputed('msecs') || disputed('micros')) return Number.NaN
    return instant(text) + (ENDS.includes(name) ? 0 : msecs)
  }
  const ctime = value('ctime')
  if (ctime !== undefined) return disputed('ctime') ? Number.NaN : clock.read(parseCtime(ctime), msecs)
  if (dates.length === 0) return namedTime(reading, clock)
  if (dates.some(({ field }) => value(field) === undefined || disputed(field))) return Number.NaN
  const text = dates.map(({ field }) => value(field)).join('\n')
  const moment = parseStrftime(text, dates.map(({ format }) => format).join('\n'))
  const took = isDatedAtEnd ? 0 : msecs
  return 'instant' in moment ? moment.instant + took : clock.read(moment.wall, took)
}

/** The time of a variable that an app sets, if it is the only one it can be. */
function namedTime({ layout, texts }: Reading, clock: LogClock): number {
  const name = layout.texts.find(isNamedTime)
  const [text, ...others] = name === undefined ? [] : texts(name)
  return text === undefined || others.length > 0 ? Number.NaN : parseIso8601(text, clock)
}

/** `2026-11-27T16:16:26.123+00:00`, with a blank for the T, with or without a fraction and a zone. */
function parseIso8601(text: string, clock: LogClock): number {
  const [, year, month, day, time = '', fraction = '0', zone] =
    /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?(Z|[+-]\d\d:?\d\d)?$/.exec(text) ?? []
  if (year === undefined) return Number.NaN
  const wall = wallReading(Number(year), Number(month) - 1, Number(day), time)
  const millis = Math.floor(Number(`0.${fraction}`) * 1000)
  if (zone === undefined) return clock.read(wall, millis)
  return wall + millis - (zone === 'Z' ? 0 : parseOffset(zone.replace(':', '')))
}

/** Variables that tell an instant by themselves, the finest first. */
const INSTANTS: readonly (readonly [string, (text: string) => number])[] = [
  ['tmicros', text => Number(text) / 1000],
  ['tmsecs', Number],
  ['now.micros', text => Number(text) / 1000],
  ['now.millis', Number],
  ['time', text => Number(text) * 1000],
  ['epoch', text => Number(text) * 1000],
  ['now.unix', text => Number(text) * 1000],
  ['ltime', parseLtime],
]

/** The instant that a date tells by itself, `%(ltime)` or one that strftime printed with a format; else NaN. */
export function instantOf(text: string, format: string | undefined): number {
  if (format === undefined) return parseLtime(text)
  const moment = parseStrftime(text, format)
  return 'instant' in moment ? moment.instant : Number.NaN
}

/** `22/Nov/2026:14:09:04 +0000`, as Apache writes it. */
function parseLtime(text: string): number {
  const month = MONTHS.indexOf(text.slice(3, 6))
  const wall = wallReading(Number(text.slice(7, 11)), month, Number(text.slice(0, 2)), text.slice(12, 20))
  return wall - parseOffset(text.slice(21))
}

function numberOf(text: string | undefined): number | undefined {
  const number = Number(text)
  return text === undefined || Number.isNaN(number) || number < 0 ? undefined : number
}

/** Texts that have a field of their own, or are part of the address slot. */
const NOT_VARS: ReadonlySet<string> = new Set([
  ...ADDRESSES,
  // parts of named layouts that say nothing
  ...['colour', 'rest of the line', 'status', 'size', 'secs', 'nanos'],
  ...['method', 'uri', 'proto'].flatMap(name => [name, SAME_AS[name] ?? name]),
])

/** The names under which texts are fields. */
const FIELDS: ReadonlyMap<string, string> = new Map(
  Object.entries(SAME_AS).map(([name, other]) => [other, name]),
)

/** The free texts that are logged and not empty, under the names of uWSGI. */
function textsOf({ value, layout }: Reading): Record<string, string> {
  const texts: Record<string, string> = {}
  // a user's name, or a host, is a field where its grammar is known
  for (const name of [...layout.texts.slice(0, MAX_VARS), 'user', 'host']) {
    const text = value(name)
    if (text === undefined || text === '' || text === '-' || NOT_VARS.has(name)) continue
    texts[FIELDS.get(name) ?? name.replace(/^(?:var\.|other )/, '')] ??= text
  }
  return texts
}
