import { MAX_LINE_LENGTH } from '../wire/lines.js'
import type { Attribution } from './address-slot.js'
import { harakiriFormat, tellsOfHarakiri } from './harakiri.js'
import type { Format } from './layout/log-format.js'
import { type Reading, readLine } from './layout/reading.js'
import { hasHead } from './layout/uwsgi.js'
import { watchCuts } from './repair/cut-records.js'
import { compileMessages, type Message } from './repair/json-encoder.js'
import { splitJoinedLines } from './repair/split-joined-lines.js'
import { watchTears } from './repair/torn-records.js'
import { type Doubt, type Request, toRequest } from './request.js'
import type { LogClock } from './time/log-clock.js'

/** What lines are read by; it remembers what the lines before have said. */
export interface Context {
  format: Format
  /** the member that holds the line, where a log encoder or a collector wrote JSON */
  field: string | undefined
  attribution: Attribution
  clock: LogClock
}

/** A request, and the reading that led to it. */
export interface Parsed extends Request {
  reading: Reading
}

/** What a line is that is no request. */
export interface Unparsed {
  /** what is wrong with it, if it should not be in such a log */
  kind?: string
  /** whether it begins as a request does: then somebody sent one */
  isDamaged?: boolean
}

/**
 * Compiles the full grammar of a log.
 * @returns reads a line: the requests in it, one as a rule; or why there are none
 */
export function compileParser(context: Context): (text: string) => readonly Parsed[] | Unparsed {
  const { format, field, attribution } = context
  const messageOf = field === undefined ? wholeText : compileMessages(field)
  const cutOf = watchCuts(format)
  // neither JSON nor the mark at the head of uWSGI's own layout lets itself be torn
  const isRest =
    format.isOwn || field !== undefined ? undefined : watchTears(format.layouts[0], attribution.client)
  const harakiri = { ...context, format: harakiriFormat(format) }
  const readJoined = {
    piece: (text: string) => readFirst(text, format),
    fromEnd: (line: string) => (format.socket === 'http' ? readLine(line, format.layouts[0]) : undefined),
  }
  return text => {
    if (text.length > MAX_LINE_LENGTH) return { kind: `longer than ${MAX_LINE_LENGTH} characters` }
    const message = messageOf(text)
    if (message === null) return { kind: `not JSON with "${field}"` }
    const line = message.text.endsWith('\r') ? message.text.slice(0, -1) : message.text
    const cut = cutOf(line, message.isPiece)
    const joined = format.isOwn ? splitJoinedLines(line, readJoined) : []
    if (joined.length > 0)
      return joined.map(({ reading, isCertain }) =>
        toParsed(reading, context, isCertain ? undefined : 'joined'),
      )
    const reading = readFirst(line, format)
    const isTorn = isRest?.(line, reading !== undefined)
    if (reading) return [toParsed(reading, context, isTorn ? 'torn' : cut)]
    const hung = tellsOfHarakiri(line) ? readFirst(line, harakiri.format) : undefined
    if (hung) return [toParsed(hung, harakiri, cut)]
    return { isDamaged: format.isOwn && hasHead(line) }
  }
}

function wholeText(text: string): Message {
  return { text, isPiece: false }
}

function readFirst(line: string, { layouts }: Format): Reading | undefined {
  for (const layout of layouts) {
    const reading = readLine(line, layout)
    if (reading) return reading
  }
  return undefined
}

function toParsed(reading: Reading, { format, attribution, clock }: Context, doubt?: Doubt): Parsed {
  return { reading, ...toRequest(reading, format, attribution, clock, doubt) }
}
