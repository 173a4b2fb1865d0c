import { END_OF_TIME_MS, formatInstant } from '../wire/instant.js'
import type { RequestRecord } from '../wire/record.js'
import type { Client, FindClient } from './client.js'
import type { Format } from './layout/log-format.js'
import { parseOffset, parseStrftime } from './layout/strftime.js'
import type { Reading } from './layout/uwsgi.js'
import { type LogClock, MONTHS, parseCtime, wallReading } from './time/log-clock.js'

export interface Attribution {
  /** the client in an address slot */
  client: FindClient
  /** whether the client is found by counting hops: then the socket's own address is none of them */
  counted: boolean
}

/** How much of the variables of a layout one record carries. */
const MAX_VARS = 32

/**
 * The record of a line as it was read.
 * @param doubted whether a client may have had a hand in where the line begins or ends
 */
export function toRequest(
  reading: Reading,
  format: Format,
  attribution: Attribution,
  clock: LogClock,
  doubted = false,
): RequestRecord {
  const { value, disputed } = reading
  const msecs = durationOf(reading)
  const end = endOf(reading, format, msecs ?? 0, clock)
  const dated = end >= 0 && end < END_OF_TIME_MS
  const slots = slotsOf(reading, format, attribution.counted)
  const client = agreedClient(slots, attribution.client)
  const known = dated && client !== null && !disputed('status') && !doubted
  const ip = known ? client.ip : null
  const bytes = numberOf(value('rsize') ?? value('size'))
  const { user, referer, uagent, host, ...vars } = textsOf(reading, format)

  const record: RequestRecord = {
    type: 'request',
    time: dated ? formatInstant(end) : null,
    ip,
    status: Number(value('status')),
  }
  // fields in the order of the table of records
  if (value('method') !== undefined) record.method = value('method') as string
  if (value('uri') !== undefined) record.uri = value('uri') as string
  if (value('proto') !== undefined) record.protocol = value('proto') as string
  if (user !== undefined) record.user = user
  if (bytes !== undefined) record.bytes = bytes
  if (msecs !== undefined) record.msecs = msecs
  if (ip === null || client?.listed) record.via = slots.at(-1) ?? value('addr') ?? ''
  if (referer !== undefined) record.referer = referer
  if (uagent !== undefined) record.agent = uagent
  if (host !== undefined) record.host = host
  if (Object.keys(vars).length > 0) record.vars = vars
  return record
}

/**
 * What the address slot holds under every reading of the line. Where the header and the socket's address are
 * logged apart, the list is the header with the socket's address last, as the next proxy would have written it.
 */
export function slotsOf(
  reading: Reading,
  { layout, forwarded }: Format,
  counted: boolean,
): readonly string[] {
  const logged = (name: string) =>
    layout.texts.includes(name) || layout.chains.some(({ fields }) => fields.includes(name))
  const socketName = logged('var.REMOTE_ADDR') ? 'var.REMOTE_ADDR' : 'addr'
  if (!logged('var.HTTP_X_FORWARDED_FOR')) return reading.texts(logged('addr') ? 'addr' : socketName)
  const headers = reading.texts('var.HTTP_X_FORWARDED_FOR')
  const apart = logged(socketName) && !(socketName === 'addr' && forwarded)
  if (!apart) return headers
  return headers.flatMap(header => {
    if (counted && header !== '-') return [header]
    return reading.texts(socketName).map(socket => (header === '-' ? socket : `${header}, ${socket}`))
  })
}

/** The client on whom all readings of the address slot agree. */
function agreedClient(slots: readonly string[], find: FindClient): Client | null {
  let agreed: Client | null = null
  for (const slot of slots) {
    const client = find(slot)
    if (client.ip === null || (agreed && client.ip !== agreed.ip)) return null
    agreed = client
  }
  return agreed
}

/** How long the answer took, in milliseconds. */
function durationOf({ value }: Reading): number | undefined {
  const micros = numberOf(value('micros'))
  if (micros !== undefined) return micros / 1000
  const secs = numberOf(value('secs'))
  return numberOf(value('msecs')) ?? (secs === undefined ? undefined : secs * 1000)
}

/** When the answer was written; NaN where that is not told, or in two ways. */
function endOf({ value, disputed }: Reading, { dates }: Format, msecs: number, clock: LogClock): number {
  for (const [name, instant] of INSTANTS) {
    const text = value(name)
    if (text === undefined) continue
    if (disputed(name) || disputed('msecs') || disputed('micros')) return Number.NaN
    return instant(text) + (name === 'epoch' ? 0 : msecs)
  }
  if (value('ctime') !== undefined)
    return disputed('ctime') ? Number.NaN : clock.read(parseCtime(value('ctime') as string), msecs)
  if (dates.length === 0 || dates.some(({ field }) => value(field) === undefined || disputed(field)))
    return Number.NaN
  const text = dates.map(({ field }) => value(field)).join('\n')
  const moment = parseStrftime(text, dates.map(({ format }) => format).join('\n'))
  return 'instant' in moment ? moment.instant + msecs : clock.read(moment.wall, msecs)
}

/** Variables that tell an instant by themselves, the finest first; all but epoch tell the start. */
const INSTANTS: readonly (readonly [string, (text: string) => number])[] = [
  ['tmicros', text => Number(text) / 1000],
  ['tmsecs', Number],
  ['time', text => Number(text) * 1000],
  ['epoch', text => Number(text) * 1000],
  ['ltime', parseLtime],
]

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

/** The free texts that are logged and not empty, under the names of uWSGI. */
function textsOf({ value }: Reading, { layout }: Format): Record<string, string> {
  const texts: Record<string, string> = {}
  for (const name of layout.texts.slice(0, MAX_VARS)) {
    const text = value(name)
    if (text === undefined || text === '' || text === '-' || NOT_VARS.has(name)) continue
    texts[name.replace(/^var\./, '')] = text
  }
  return texts
}

/** Texts that have a field of their own, or are part of the address slot. */
const NOT_VARS: ReadonlySet<string> = new Set([
  'addr',
  'method',
  'uri',
  'proto',
  'var.REMOTE_ADDR',
  'var.HTTP_X_FORWARDED_FOR',
])
