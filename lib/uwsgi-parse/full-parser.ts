import { MAX_LINE_LENGTH } from '../wire/lines.js'
import type { RequestRecord } from '../wire/record.js'
import type { Attribution } from './address-slot.js'
import type { Format } from './layout/log-format.js'
import { type Reading, readLine } from './layout/reading.js'
import { mayBeCut } from './repair/cut-records.js'
import { encodedLine } from './repair/json-encoder.js'
import { type WatchTears, watchTears } from './repair/torn-records.js'
import { toRequest } from './request.js'
import type { LogClock } from './time/log-clock.js'

/** What lines are read by; it remembers what the lines before have said. */
export interface Context {
  format: Format
  /** the member that holds the line, where a log encoder wrote JSON */
  field: string | undefined
  attribution: Attribution
  clock: LogClock
  mayBeRest: WatchTears | undefined
}

export interface Parsed {
  reading: Reading
  record: RequestRecord
  /** why the client is not believed, where the readings of the line are not the reason */
  doubt: string | undefined
}

const TORN = 'behind a line that was torn: it may be the rest of that'
const CUT = "as long as uWSGI's buffer: it may have been cut"

export function createContext(given: Omit<Context, 'mayBeRest'>): Context {
  const { format, field, attribution } = given
  // neither JSON nor the mark at the head of uWSGI's own layout lets itself be torn
  const mayBeTorn = !format.isOwn && field === undefined
  return { ...given, mayBeRest: mayBeTorn ? watchTears(format.layout, attribution.client) : undefined }
}

/**
 * Reads a line with the full grammar.
 * @returns the request; or for a line that should not be in such a log, what is wrong with it; or undefined for all else
 */
export function parseLine(text: string, context: Context): Parsed | string | undefined {
  const { format, field, attribution, clock, mayBeRest } = context
  if (text.length > MAX_LINE_LENGTH) return `longer than ${MAX_LINE_LENGTH} characters`
  const message = field === undefined ? text : encodedLine(text, field)
  if (message === null) return `not JSON with "${field}"`
  const line = message.endsWith('\r') ? message.slice(0, -1) : message
  const reading = readLine(line, format.layout)
  const torn = mayBeRest?.(line, reading !== undefined)
  if (!reading) return undefined
  const doubt = torn ? TORN : mayBeCut(line, format) ? CUT : undefined
  return { reading, record: toRequest(reading, format, attribution, clock, doubt !== undefined), doubt }
}
