import { ADDRESSES } from '../address-slot.js'
import { refuseAmbiguity } from './ambiguity.js'
import type { Encoding } from './encoder.js'
import type { OrdinaryPart, Part } from './part.js'
import { partsOf, patternOf, quoted } from './parts.js'
import type { Layout, Reading } from './reading.js'
import type { Segment } from './segment.js'
import { ORDINARY_LINE, OWN_LOG_FORMAT, ownLayouts, type Socket } from './uwsgi.js'
import { ENDS, isNamedTime } from './variables.js'

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
  /** what encoders put around each line */
  encoding?: Encoding | undefined
  /** the variable that holds the client's address, where it is none of those that uWSGI has for it */
  address?: string | undefined
}

/** A layout, and how its dates were formatted. */
export interface Format {
  /** the ways in which a line may be written, of which the first that fits is the true one */
  layouts: readonly [Layout, ...Layout[]]
  /** reads a line where that is no matter of layouts: JSON */
  read?: (line: string) => Reading | undefined
  /** the parts of an ordinary line; of most formats, those of which the first layout was made */
  parts?: readonly OrdinaryPart[]
  /** whether it is uWSGI's own, which has a mark at the head of each line */
  isOwn: boolean
  /** fields that strftime printed, with its format; together they make the time */
  dates: readonly { field: string; format: string }[]
  /** whether an encoder printed these, and so at the end of a request */
  isDatedAtEnd: boolean
  /** whether an encoder wrote the line within a string of JSON, so that its texts are escaped */
  isEscaped: boolean
  /** what an encoder puts behind each line of uWSGI's own layout */
  tail: RegExp | undefined
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
  encoding,
  address,
}: Partial<LogFormat> = {}): Format {
  if (address !== undefined)
    throw new RangeError(`${JSON.stringify(address)} is not in uWSGI's own layout, which has %(addr) alone`)
  // what stands before it does not matter: it has a mark of its own
  const tail = encoding && !encoding.isEscaped ? patternOf(encoding.after) : undefined
  const written = { forwarded: true, socket, cutAt, isSplit }
  return { ...formatOf(ownLayouts(socket), written), parts: ORDINARY_LINE, isOwn: true, tail }
}

/** A format that is nothing out of the ordinary: not uWSGI's own, without dates of strftime, within no encoder. */
export function formatOf(
  layouts: Format['layouts'],
  written: Pick<Format, 'forwarded' | 'socket' | 'cutAt' | 'isSplit'>,
): Format {
  return {
    ...{ layouts, isOwn: false, dates: [], isDatedAtEnd: false, isEscaped: false, tail: undefined },
    ...written,
  }
}

export const OWN_FORMAT: Format = ownFormat()

/** The same, given as a `log-format`; what stands in the place of the counters is of no matter. */
const IS_OWN = new RegExp(
  `^${OWN_LOG_FORMAT.replace(/[|[\]{}()]/g, '\\$&')
    .replace('app: 0', 'app: (?:-?\\d{1,10}|-)')
    .replace('0/0', '(?:\\d{1,10}|-)/(?:\\d{1,10}|-)')}$`,
)

/**
 * Compiles uWSGI's `log-format` into a layout.
 * @throws RangeError for a format without an address or a status, and for one that cannot be read back
 */
export function compileFormat(given: LogFormat): Format {
  if (IS_OWN.test(given.format)) return ownFormat(given)
  const { parts, dates, isDatedAtEnd } = partsOf(given)
  refuseAmbiguity(parts)
  const names = parts.flatMap(part => ('text' in part ? part.text : 'field' in part ? part.field : []))
  if (!names.some(name => ADDRESSES.includes(name))) {
    const expected = ADDRESSES.map(name => `%(${name})`).join(', ')
    throw new RangeError(
      `no address is logged: expected one of ${expected}, or --address with the variable in which the front end writes it`,
    )
  }
  if (!names.includes('status')) throw new RangeError('no status is logged: expected %(status)')
  const { socket, forwarded = false, cutAt = BUFSIZE_BYTES, isSplit = false, encoded = false } = given
  const isEscaped = given.encoding?.isEscaped ?? false
  const decoded = encoded || isEscaped ? undefined : names.find(name => DECODED.includes(name))
  if (decoded !== undefined) {
    throw new RangeError(
      `%(${decoded}) is decoded: with %0a in it a client could write lines of his own. Log %(uri) instead`,
    )
  }
  const written = { forwarded, socket, cutAt, isSplit }
  return { ...formatOf([layoutOf(parts)], written), parts, dates, isDatedAtEnd, isEscaped }
}

/** The fields that tell the time. */
const TIMES = ['tmicros', 'tmsecs', 'time', 'ctime', 'ltime', ...ENDS]

/** Whether a format logs when a request was, to the second. */
export function tellsTime({ layouts: [layout], dates, read }: Format): boolean {
  if (read) return true
  const fields = fieldsOf(layout)
  const directives = dates.map(({ format }) => format).join(' ')
  return (
    TIMES.some(name => fields.has(name)) ||
    layout.texts.some(isNamedTime) ||
    (fields.has('ftime') && dates.length === 0) ||
    /%s|%T|%S/.test(directives)
  )
}

/** Whether a format logs how long a request took, or when it ended. */
export function tellsDuration({ layouts: [layout], isDatedAtEnd }: Format): boolean {
  if (isDatedAtEnd) return true
  const fields = fieldsOf(layout)
  return ['msecs', 'micros', 'secs', ...ENDS].some(name => fields.has(name))
}

function fieldsOf({ segments }: Layout): ReadonlySet<string> {
  return new Set(segments.flatMap(({ fields }) => fields))
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
