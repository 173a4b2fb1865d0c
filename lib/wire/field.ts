/** What the fields of the records hold: the words in which the table in record.ts is written. */

/** `{status, method, uri}` of one answer */
export interface Answer {
  status?: number
  method?: string
  uri?: string
}

/** The types of the values, by kind. */
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
  /** a list of texts */
  names: readonly string[]
  /** a whole number from 0 */
  count: number
  /** from 0 */
  number: number
  answer: Answer
}

/** What the value of a field is. */
export type Kind = keyof Values
export interface Field<K extends Kind = Kind, R extends boolean = boolean> {
  kinds: readonly K[]
  required: R
}

/** The fields of a record type: those that must be there, and those that may. */
export type Fields<T> = {
  -readonly [F in keyof T as T[F] extends Field<Kind, true> ? F : never]: T[F] extends Field<infer K>
    ? Values[K]
    : never
} & {
  -readonly [F in keyof T as T[F] extends Field<Kind, false> ? F : never]?: T[F] extends Field<infer K>
    ? Values[K]
    : never
}

export function required<const K extends readonly Kind[]>(...kinds: K): Field<K[number], true> {
  return { kinds, required: true }
}

export function optional<const K extends readonly Kind[]>(...kinds: K): Field<K[number], false> {
  return { kinds, required: false }
}
