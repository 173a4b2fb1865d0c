import { isIP } from 'node:net'

/**
 * The records that flow between the commands: one JSON object a line.
 *
 *     log line -> uwsgi-parse -> request -> xff-window -> ban -> xff-ban -> ban, unban
 *
 * This table is their only definition: the types, the reader and the JSON Schema are made from it.
 * Field order here is field order on the wire.
 */
const RECORDS = {
  /** one line of the log as it was answered */
  request: {
    type: required('type'),
    /** when the answer was written; null when the log does not tell, and then so is ip */
    time: required('instant', 'null'),
    /** the client in canonical text (RFC 5952), or null when it cannot be known */
    ip: required('address', 'null'),
    status: optional('count'),
    method: optional('text'),
    /** as logged, never decoded */
    uri: optional('text'),
    protocol: optional('text'),
    user: optional('text'),
    /** size of the response */
    bytes: optional('number'),
    /** how long the answer took; microseconds are its fraction */
    msecs: optional('number'),
    /** the address slot as logged, when it says more than the client */
    via: optional('text'),
    referer: optional('text'),
    agent: optional('text'),
    host: optional('text'),
    /** variables of a custom log-format, under the names they have there */
    vars: optional('texts'),
  },
  /** a decision of xff-window; with `until` and `count`, one that xff-ban carried out */
  ban: {
    type: required('type'),
    /** the failure that tipped it */
    time: optional('instant'),
    ip: required('target'),
    failures: optional('count'),
    /** the first failure's time */
    since: optional('instant'),
    /** the last failure: why */
    last: optional('answer'),
    until: optional('instant'),
    /** how many bans this ip has had */
    count: optional('count'),
    /** how many requests it has stopped, and when the last one: only in a list, and where that is counted */
    hits: optional('count'),
    hit: optional('instant'),
  },
  /** packets that a ban has stopped */
  hit: {
    type: required('type'),
    time: optional('instant'),
    ip: required('target'),
    /** since the ban began */
    hits: required('count'),
  },
  unban: {
    type: required('type'),
    time: optional('instant'),
    ip: required('target'),
    /** "expired", "asked" or "evicted" */
    reason: optional('text'),
  },
} as const

/** `{status, method, uri}` of one answer */
export interface Answer {
  status?: number
  method?: string
  uri?: string
}

interface Values {
  type: string
  null: null
  /** ISO 8601, written in UTC with milliseconds */
  instant: string
  /** of one host */
  address: string
  /** an address, or a prefix like 2001:db8:5::/64 */
  target: string
  text: string
  texts: Readonly<Record<string, string>>
  /** a whole number from 0 */
  count: number
  /** from 0 */
  number: number
  answer: Answer
}

type Kind = keyof Values
interface Field<K extends Kind = Kind, R extends boolean = boolean> {
  kinds: readonly K[]
  required: R
}
type Table = typeof RECORDS
type Fields<T> = {
  -readonly [F in keyof T as T[F] extends Field<Kind, true> ? F : never]: T[F] extends Field<infer K>
    ? Values[K]
    : never
} & {
  -readonly [F in keyof T as T[F] extends Field<Kind, false> ? F : never]?: T[F] extends Field<infer K>
    ? Values[K]
    : never
}
export type RecordType = keyof Table
type Of<T extends RecordType> = Omit<Fields<Table[T]>, 'type'> & { type: T }

export type RequestRecord = Of<'request'>
export type BanRecord = Of<'ban'>
export type HitRecord = Of<'hit'>
export type UnbanRecord = Of<'unban'>
export type AnyRecord = RequestRecord | BanRecord | HitRecord | UnbanRecord

function required<const K extends readonly Kind[]>(...kinds: K): Field<K[number], true> {
  return { kinds, required: true }
}

function optional<const K extends readonly Kind[]>(...kinds: K): Field<K[number], false> {
  return { kinds, required: false }
}

/**
 * Reads a parsed JSON value as a record.
 * @returns the record, or, for a value that is none, what is wrong with it in a few words
 */
export function readRecord(value: unknown): AnyRecord | string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'not a record'
  const object = value as Record<string, unknown>
  const type = object.type
  if (typeof type !== 'string' || !Object.hasOwn(RECORDS, type)) return 'unknown type'
  for (const [name, kinds, mandatory] of CHECKS[type as RecordType]) {
    const field = object[name]
    if (field === undefined ? mandatory : !kinds.some(kind => VALID[kind](field))) return `bad ${name}`
  }
  return object as unknown as AnyRecord
}

/** An instant of a record in milliseconds since 1970; NaN for a text that is none. */
export function parseInstant(text: string): number {
  const [, date, day] = INSTANT.exec(text) ?? []
  if (date === undefined) return Number.NaN
  // Date.parse takes the 31st of February for the 3rd of March
  if (Number(day) > 28 && !new Date(`${date}T00:00:00Z`).toISOString().startsWith(date)) return Number.NaN
  return Date.parse(text)
}

const INSTANT = /^((?:19[7-9]|[2-9]\d\d)\d-\d\d-(\d\d))T\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/

/** The year 10000, in milliseconds since 1970: from there on ISO 8601 needs a sign. */
export const END_OF_TIME = 253_402_300_800_000

/** Milliseconds since 1970 as the records write them. */
export function formatInstant(milliseconds: number): string {
  return new Date(milliseconds).toISOString()
}

const VALID: { [K in Kind]: (value: unknown) => boolean } = {
  type: value => typeof value === 'string',
  null: value => value === null,
  instant: value => typeof value === 'string' && parseInstant(value) >= 0,
  address: value => typeof value === 'string' && isIP(value) !== 0,
  target: value => typeof value === 'string' && isIP(value.replace(/\/\d{1,3}$/, '')) !== 0,
  text: value => typeof value === 'string',
  texts: value => isObject(value) && Object.values(value).every(VALID.text),
  count: value => Number.isSafeInteger(value) && (value as number) >= 0,
  number: value => Number.isFinite(value) && (value as number) >= 0,
  answer: value =>
    isObject(value) &&
    (value.status === undefined || VALID.count(value.status)) &&
    (value.method === undefined || VALID.text(value.method)) &&
    (value.uri === undefined || VALID.text(value.uri)),
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const CHECKS = Object.fromEntries(
  Object.entries(RECORDS).map(([type, fields]) => [
    type,
    Object.entries(fields as Record<string, Field>)
      .filter(([name]) => name !== 'type')
      .map(([name, field]) => [name, field.kinds, field.required] as const),
  ]),
) as unknown as { [T in RecordType]: (readonly [string, readonly Kind[], boolean])[] }

/** The JSON Schema (2020-12) of a line; it says what `readRecord` says, except that the 31st of February passes. */
export function recordSchema(): object {
  const answer = { status: { $ref: '#/$defs/count' }, method: { type: 'string' }, uri: { type: 'string' } }
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'A line between the commands of xff-jail',
    $defs: {
      null: { type: 'null' },
      instant: { type: 'string', pattern: INSTANT.source },
      address: { type: 'string', anyOf: [{ format: 'ipv4' }, { format: 'ipv6' }] },
      target: { type: 'string', pattern: '^[0-9A-Fa-f:.]+(%[^/]+)?(/[0-9]{1,3})?$' },
      text: { type: 'string' },
      texts: { type: 'object', additionalProperties: { type: 'string' } },
      count: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
      number: { type: 'number', minimum: 0 },
      answer: { type: 'object', properties: answer },
    },
    oneOf: Object.entries(RECORDS).map(([type, fields]) => ({
      title: type,
      type: 'object',
      required: Object.entries(fields).flatMap(([name, field]) => (field.required ? [name] : [])),
      properties: Object.fromEntries(
        Object.entries(fields as Record<string, Field>).map(([name, field]) => [
          name,
          name === 'type'
            ? { const: type }
            : { anyOf: field.kinds.map(kind => ({ $ref: `#/$defs/${kind}` })) },
        ]),
      ),
    })),
  }
}
