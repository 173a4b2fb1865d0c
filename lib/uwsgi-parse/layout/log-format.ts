import { ADDRESSES } from '../address-slot.js'
import { type Field, type Part, refuseAmbiguity } from './ambiguity.js'
import type { Layout } from './reading.js'
import type { Segment } from './segment.js'
import { hasDirective, openEnd, strftimePattern } from './strftime.js'
import { OWN_LOG_FORMAT, ownLayouts, type Socket } from './uwsgi.js'
import { grammarOf, SOCKET } from './variables.js'

/** How uWSGI was told to log, as far as a reader has to know it. */
export interface LogFormat {
  /** the string of `log-format` as it stands in an ini file: `%%` is one percent sign there */
  format: string
  /** `logformat-strftime`: then `%(ftime)` is written as `logDate` says */
  strftime?: boolean
  /** the format of `log-date` */
  logDate?: string | undefined
  /** `log-x-forwarded-for`, where that is known: without it `%(addr)` is one address */
  forwarded?: boolean | undefined
  socket?: Socket | undefined
  /** how many bytes of a record the logger passes on, if that is known */
  cutAt?: number | undefined
  /** whether it passes on the rest as a line of its own */
  isSplit?: boolean
  /** whether a log encoder writes the lines as JSON, so that a newline in a text does not end one */
  encoded?: boolean
}

/** A layout, and how its dates were formatted. */
export interface Format {
  /** the ways in which a line may be written, of which the first that fits is the true one */
  layouts: readonly [Layout, ...Layout[]]
  /** whether it is uWSGI's own, which has a mark at the head of each line */
  isOwn: boolean
  /** fields that strftime printed, with its format; together they make the time */
  dates: readonly { field: string; format: string }[]
  /** whether `%(addr)` is the X-Forwarded-For header and not the socket's address */
  forwarded: boolean
  socket: Socket | undefined
  /**
   * how many bytes of a record uWSGI's master passes on, which it does to any logger: the rest is cut off, the
   * newline with it (core/logging.c, uwsgi_master_log). Other loggers cut elsewhere.
   */
  cutAt: number
  /** whether the rest of what was cut comes as a line of its own */
  isSplit: boolean
}

/** uWSGI's own `log-master-bufsize` (core/init.c). */
const BUFSIZE_BYTES = 8192

/** Paths that uWSGI or the front end decodes, so that `%0a` in a URI is a newline in them. */
const DECODED = ['var.PATH_INFO', 'var.DOCUMENT_URI', 'var.PATH_TRANSLATED', 'var.SCRIPT_FILENAME']

/** uWSGI's own layout, as it is logged without a `log-format`. */
export function ownFormat({
  socket,
  cutAt = BUFSIZE_BYTES,
  isSplit = false,
}: Partial<LogFormat> = {}): Format {
  return { layouts: ownLayouts(socket), isOwn: true, dates: [], forwarded: true, socket, cutAt, isSplit }
}

export const OWN_FORMAT: Format = ownFormat()

/** The same, given as a `log-format`; what stands in the place of the counters is of no matter. */
const IS_OWN = new RegExp(
  `^${OWN_LOG_FORMAT.replace(/[|[\]{}()]/g, '\\$&')
    .replace('app: 0', 'app: -?\\d{1,10}')
    .replace('0/0', '\\d{1,10}/\\d{1,10}')}$`,
)

/**
 * Compiles uWSGI's `log-format` into a layout.
 * @throws RangeError for a format without an address or a status, and for one that cannot be read back
 */
export function compileFormat(given: LogFormat): Format {
  if (IS_OWN.test(given.format)) return ownFormat(given)
  const dates: { field: string; format: string }[] = []
  const parts = partsOf(given, dates)
  refuseAmbiguity(parts)
  const names = parts.flatMap(part => ('text' in part ? part.text : 'field' in part ? part.field : []))
  if (!names.some(name => ADDRESSES.includes(name))) {
    const expected = ADDRESSES.map(name => `%(${name})`).join(', ')
    throw new RangeError(`no address is logged: expected one of ${expected}`)
  }
  if (!names.includes('status')) throw new RangeError('no status is logged: expected %(status)')
  const { socket, forwarded = false, cutAt = BUFSIZE_BYTES, isSplit = false, encoded = false } = given
  const decoded = encoded ? undefined : names.find(name => DECODED.includes(name))
  if (decoded !== undefined) {
    throw new RangeError(
      `%(${decoded}) is decoded: with %0a in it a client could write lines of his own. Log %(uri) instead`,
    )
  }
  return { layouts: [layoutOf(parts)], isOwn: false, dates, forwarded, socket, cutAt, isSplit }
}

/** Whether a format logs when a request was, to the second. */
export function tellsTime({ layouts: [layout], dates }: Format): boolean {
  const fields = fieldsOf(layout)
  const directives = dates.map(({ format }) => format).join(' ')
  return (
    ['tmicros', 'tmsecs', 'time', 'epoch', 'ctime', 'ltime'].some(name => fields.has(name)) ||
    (fields.has('ftime') && dates.length === 0) ||
    /%s|%T|%S/.test(directives)
  )
}

/** Whether a format logs how long a request took, or when it ended. */
export function tellsDuration({ layouts: [layout] }: Format): boolean {
  const fields = fieldsOf(layout)
  return ['msecs', 'micros', 'secs', 'epoch'].some(name => fields.has(name))
}

function fieldsOf({ segments }: Layout): ReadonlySet<string> {
  return new Set(segments.flatMap(({ fields }) => fields))
}

/** Text and variables, as uwsgi_build_log_format takes them apart; dates are added to `dates`. */
function partsOf(
  { format, strftime, logDate, forwarded, socket }: LogFormat,
  dates: Format['dates'][number][],
): Part[] {
  const date = (field: string, unformatted: string | undefined, dateFormat: string): Field => {
    dates.push({ field, format: dateFormat })
    const grammar = {
      source: strftimePattern(dateFormat),
      more: openEnd(dateFormat),
    }
    return unformatted === undefined ? { field, grammar } : { field, grammar, unformatted }
  }
  const literals = (literal: string): Part[] => {
    if (literal === '') return []
    const open = literal.indexOf('%(')
    if (open >= 0)
      throw new RangeError(`expected %(name), got ${JSON.stringify(literal.slice(open, open + 40))}`)
    const [, before = '', dated = '', after = ''] =
      /^(.*?)(%?%[A-Za-z].*%[A-Za-z]|%?%[A-Za-z])(.*)$/s.exec(literal) ?? []
    if (!strftime || !hasDirective(dated.replaceAll('%%', '%'))) return [{ literal }]
    return [
      ...(before === '' ? [] : [{ literal: before }]),
      date(`strftime ${dates.length}`, dated, dated.replaceAll('%%', '%')),
      ...(after === '' ? [] : [{ literal: after }]),
    ]
  }
  const variable = (name: string): Part => {
    if (name === 'ftime' && strftime && logDate) return date(name, undefined, logDate)
    const grammar = name === 'addr' && (forwarded === false || socket === 'uwsgi') ? SOCKET : grammarOf(name)
    return grammar === undefined ? { text: name } : { field: name, grammar }
  }
  // the pieces between the variables, and at the odd places their names
  return format
    .split(/%\(([^()%]+)\)/)
    .flatMap((piece, i) => (i % 2 === 0 ? literals(piece) : variable(piece)))
}

/** Segments of what is fixed, cut at each free text. */
function layoutOf(parts: readonly Part[]): Layout {
  const drafts = [{ literal: '', source: '', fields: [] as string[] }]
  const texts: string[] = []
  for (const part of parts) {
    const draft = drafts.at(-1) as (typeof drafts)[number]
    if ('text' in part) {
      texts.push(part.text)
      drafts.push({ literal: '', source: '', fields: [] })
    } else if ('field' in part) {
      const { field, grammar, unformatted } = part
      draft.source +=
        unformatted === undefined ? `(${grammar.source})` : `(?:${quoted(unformatted)}|(${grammar.source}))`
      draft.fields.push(field)
    } else if (draft.source === '' && !part.literal.includes('%%')) {
      draft.literal += part.literal
    } else {
      draft.source += quoted(part.literal)
    }
  }
  const segments = drafts.map(({ literal, source, fields }, i): Segment => {
    const isLast = i === drafts.length - 1
    const rest = source === '' ? null : new RegExp(isLast ? `${source}$` : source, 'y')
    // behind other text only where a mark of its own says where the line begins
    if (i === 0 && !/^[^ ]/.test(literal)) return { literal, rest, fields, only: 'start' }
    return isLast && !rest ? { literal, rest, fields, only: 'end' } : { literal, rest, fields }
  })
  return { segments, texts }
}

/** A literal as a pattern; `%%` may have been written for one percent sign. */
function quoted(literal: string): string {
  return literal.replace(/%%|[\\^$.*+?()[\]{}|/]/g, found => (found === '%%' ? '%%?' : `\\${found}`))
}
