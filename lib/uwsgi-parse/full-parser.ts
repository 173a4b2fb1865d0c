import { MAX_LINE_LENGTH } from '../wire/lines.js'
import { type Attribution, attribute } from './address-slot.js'
import { harakiriFormat, tellsOfHarakiri } from './harakiri.js'
import type { Format } from './layout/log-format.js'
import { type Reading, readLine, unescaped } from './layout/reading.js'
import { hasHead } from './layout/uwsgi.js'
import { type Head, headOf, withoutEnd, withoutPrefix } from './repair/collector-prefixes.js'
import { watchCuts } from './repair/cut-records.js'
import { compileCollectors, compileMessages, type Message } from './repair/json-encoder.js'
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

/** Reads a line: the requests in it, one as a rule; or why there are none. */
export type Parse = ((text: string) => readonly Parsed[] | Unparsed) & {
  /** whether what the next line is depends on those that it has read */
  isPending: () => boolean
}

/** Compiles the full grammar of a log. */
export function compileParser(context: Context): Parse {
  const { format, field, attribution } = context
  const messageOf = field === undefined ? messageOfCollectors(format) : compileMessages(field)
  const cutOf = watchCuts(format)
  // the mark of uWSGI's own layout stands behind any text
  const head = format.isOwn ? 'never' : headOf(format.layouts[0])
  // neither JSON nor the mark at the head of uWSGI's own layout lets itself be torn
  const isRest =
    format.isOwn || format.isEscaped || field !== undefined
      ? undefined
      : watchTears(format.layouts[0], attribution.client)
  const harakiri = { ...context, format: harakiriFormat(format) }
  const readJoined = {
    piece: (text: string) => readFirst(text, format),
    fromEnd: (line: string) => (format.socket === 'http' ? readLine(line, format.layouts[0]) : undefined),
  }
  const parse = (text: string): readonly Parsed[] | Unparsed => {
    if (text.length > MAX_LINE_LENGTH) return { kind: `longer than ${MAX_LINE_LENGTH} characters` }
    const message = messageOf(text)
    if (message === null) return { kind: `not JSON with "${field}"` }
    const line = withoutTail(message.text, format)
    const cut = cutOf(line, message.isPiece)
    const joined = format.isOwn ? splitJoinedLines(line, readJoined) : []
    if (joined.length > 0)
      return joined.map(({ reading, isCertain }) =>
        toParsed(reading, context, isCertain ? undefined : 'joined'),
      )
    const reading = readLog(line, context, head)
    const isTorn = isRest?.(line, reading !== undefined)
    // a browser that opens a connection in advance and uses it never (408) has not failed at anything
    if (reading?.layout.asksNothing?.(reading.value)) return {}
    if (reading) return [toParsed(reading, context, isTorn ? 'torn' : cut)]
    const hung = tellsOfHarakiri(line) ? readFirst(line, harakiri.format) : undefined
    if (hung) return [toParsed(hung, harakiri, cut)]
    return { isDamaged: format.isOwn && hasHead(line) }
  }
  return Object.assign(parse, { isPending: () => cutOf.isPending() || (isRest?.isPending() ?? false) })
}

/** The lines as they are, or out of the JSON of a collector that is known by itself. */
function messageOfCollectors(format: Format): (text: string) => Message {
  const collectorOf = compileCollectors()
  return text => {
    const read = collectorOf(text)
    // a log-format of JSON may look like it
    return (read && !readFirst(text, format) && read(text)) || { text, isPiece: false }
  }
}

function withoutTail(text: string, { tail }: Format): string {
  const line = text.endsWith('\r') ? text.slice(0, -1) : text
  return tail ? line.replace(tail, '') : line
}

/** Reads a line as it is, without blanks at its end, or without what a collector wrote before it. */
function readLog(line: string, context: Context, head: Head): Reading | undefined {
  const { format } = context
  const trimmed = withoutEnd(line) ?? line
  const reading = readFirst(line, format) ?? (trimmed === line ? undefined : readFirst(trimmed, format))
  if (head === 'never' || (reading && head === 'unread')) return reading
  if (reading && attribute(reading, format, context.attribution).client) return reading
  const bare = withoutPrefix(trimmed)
  return (bare === undefined ? undefined : readFirst(bare, format)) ?? reading
}

function readFirst(line: string, { layouts, isEscaped, read }: Format): Reading | undefined {
  if (read) return read(line)
  for (const layout of layouts) {
    const reading = readLine(line, layout)
    if (reading) return isEscaped ? unescaped(reading) : reading
  }
  return undefined
}

function toParsed(reading: Reading, { format, attribution, clock }: Context, doubt?: Doubt): Parsed {
  return { reading, ...toRequest(reading, format, attribution, clock, doubt) }
}
