import { isIP } from 'node:net'
import type { Field, Kind } from './field.js'
import { parseInstant } from './instant.js'
import { type AnyRecord, RECORDS } from './record.js'

/**
 * Reads a parsed JSON value as a record.
 * @returns the record, or, for a value that is none, what is wrong with it in a few words
 */
export function readRecord(value: unknown): AnyRecord | string {
  // a value that is no record is looked at twice: there are few
  return isRecord(value) ? value : (problemWith(value) ?? 'not a record')
}

function isRecord(value: unknown): value is AnyRecord {
  return problemWith(value) === undefined
}

function problemWith(value: unknown): string | undefined {
  if (!isObject(value)) return 'not a record'
  const fields = typeof value.type === 'string' ? FIELDS.get(value.type) : undefined
  if (!fields) return 'unknown type'
  for (const [name, { kinds, required }] of fields) {
    const field = value[name]
    if (field === undefined ? required : !kinds.some(kind => IS_VALID[kind](field))) return `bad ${name}`
  }
  return undefined
}

/** The fields of each type but for `type` itself. */
const FIELDS: ReadonlyMap<string, readonly (readonly [string, Field])[]> = new Map(
  Object.entries(RECORDS).map(([type, fields]) => [
    type,
    Object.entries<Field>(fields).filter(([name]) => name !== 'type'),
  ]),
)

const IS_VALID: { [K in Kind]: (value: unknown) => boolean } = {
  type: isText,
  null: value => value === null,
  instant: value => isText(value) && parseInstant(value) >= 0,
  address: value => isText(value) && isIP(value) !== 0,
  target: value => isText(value) && isIP(value.replace(/\/\d{1,3}$/, '')) !== 0,
  text: isText,
  texts: value => isObject(value) && Object.values(value).every(isText),
  names: value => Array.isArray(value) && value.every(isText),
  count: value => isNumber(value) && Number.isSafeInteger(value),
  number: isNumber,
  answer: value =>
    isObject(value) &&
    (value.status === undefined || IS_VALID.count(value.status)) &&
    (value.method === undefined || isText(value.method)) &&
    (value.uri === undefined || isText(value.uri)),
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

/** Whether it is a number from 0. */
function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
