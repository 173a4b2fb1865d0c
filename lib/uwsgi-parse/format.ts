import { type Chain, DEFAULT_LAYOUT, type Layout } from './line.js'
import { hasDirective, strftimePattern } from './strftime.js'

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
}

const NUMBER = '-?\\d{1,20}|-'
const SOCKET = '[0-9A-Fa-f:.]{1,45}|-'
const LTIME = '\\d\\d/[A-Z][a-z]{2}/\\d{4}:\\d\\d:\\d\\d:\\d\\d [+-]\\d{4}'

/**
 * The variables that uWSGI computes (core/logging.c, uwsgi_register_logchunks) and their grammar. All
 * others are free text: what a client sent, or the app set.
 */
const GRAMMAR: Readonly<Record<string, string>> = {
  status: '-?\\d{1,10}',
  ltime: LTIME,
  // the socket's address, as uWSGI or nginx's uwsgi_param writes it
  'var.REMOTE_ADDR': SOCKET,
  ctime: '[A-Z][a-z]{2} [A-Z][a-z]{2} [ \\d]\\d \\d\\d:\\d\\d:\\d\\d \\d{4}',
  secs: '\\d{1,20}(?:\\.\\d{1,20})?|-',
  ...Object.fromEntries(
    (
      'rsize hsize size cl micros msecs tmsecs tmicros time epoch pid wid switches vars core vsz rss vszM rssM ' +
      'pktsize modifier1 modifier2 headers werr rerr ioerr'
    )
      .split(' ')
      .map(name => [name, NUMBER]),
  ),
}

/** The variables that hold the client's address, or the list in which it stands. */
export const ADDRESSES = ['addr', 'var.REMOTE_ADDR', 'var.HTTP_X_FORWARDED_FOR'] as const

/** A layout, and how its dates were formatted. */
export interface Format {
  layout: Layout
  /** fields that strftime printed, with its format; together they make the time */
  dates: readonly { field: string; format: string }[]
  /** whether `%(addr)` is the X-Forwarded-For header and not the socket's address */
  forwarded: boolean
}

export const DEFAULT_FORMAT: Format = { layout: DEFAULT_LAYOUT, dates: [], forwarded: true }

type Part = { literal: string } | { variable: string }

/**
 * Compiles uWSGI's `log-format` into a layout.
 * @throws RangeError for a format without an address or a status, and for one that cannot be read back
 */
export function compileFormat({ format, strftime = false, logDate, forwarded }: LogFormat): Format {
  const dates: { field: string; format: string }[] = []
  const chains: Draft[] = [{ source: '', fields: [] }]
  const texts: string[] = []
  const dated = (field: string, dateFormat: string) => {
    dates.push({ field, format: dateFormat })
    return { grammar: strftimePattern(dateFormat), field }
  }
  for (const part of parse(format)) {
    const chain = chains[chains.length - 1] as Draft
    if ('literal' in part) {
      const literal = part.literal.replaceAll('%%', '%')
      if (strftime && hasDirective(literal)) {
        const { grammar, field } = dated(`strftime ${dates.length}`, literal)
        chain.source += `(?:${quoted(part.literal)}|(${grammar}))`
        chain.fields.push(field)
      } else {
        chain.source += quoted(part.literal)
      }
      continue
    }
    const name = part.variable
    let grammar = grammarOf(name)
    if (name === 'ftime' && strftime && logDate) grammar = dated(name, logDate).grammar
    if (name === 'addr' && forwarded === false) grammar = SOCKET
    if (grammar === undefined) {
      refuseNeighbours(chain.source, texts.at(-1), name)
      texts.push(name)
      chains.push({ source: '', fields: [] })
    } else {
      chain.source += `(${grammar})`
      chain.fields.push(name)
    }
  }
  const names = [...texts, ...chains.flatMap(({ fields }) => fields)]
  if (!names.some(isAddress)) {
    throw new RangeError(
      `no address is logged: expected one of ${ADDRESSES.map(name => `%(${name})`).join(', ')}`,
    )
  }
  if (!names.includes('status')) throw new RangeError('no status is logged: expected %(status)')
  const layout = {
    chains: chains.map(({ source, fields }, i): Chain => {
      const end = i === chains.length - 1 ? '$' : ''
      return { regex: new RegExp(source + end, 'g'), fields }
    }),
    texts,
    // behind other text only where a mark of its own says where the line begins
    prefixed: /^[^ (]/.test((chains[0] as Draft).source),
  }
  return { layout, dates, forwarded: forwarded ?? false }
}

/** Whether a format logs when a request was, to the second. */
export function tellsTime({ layout, dates }: Format): boolean {
  const fields = new Set(layout.chains.flatMap(chain => chain.fields))
  const directives = dates.map(({ format }) => format).join(' ')
  return (
    ['tmicros', 'tmsecs', 'time', 'epoch', 'ctime', 'ltime'].some(name => fields.has(name)) ||
    (fields.has('ftime') && dates.length === 0) ||
    /%s|%T|%S/.test(directives)
  )
}

interface Draft {
  source: string
  fields: string[]
}

/** The grammar of what uWSGI computes; undefined for free text. */
function grammarOf(name: string): string | undefined {
  if (name === 'ftime') return LTIME
  if (name.startsWith('metric.')) return NUMBER
  return Object.hasOwn(GRAMMAR, name) ? GRAMMAR[name] : undefined
}

function isAddress(name: string): boolean {
  return (ADDRESSES as readonly string[]).includes(name)
}

/** Text and variables, as uwsgi_build_log_format takes them apart. */
function parse(format: string): Part[] {
  const parts: Part[] = []
  let end = 0
  for (const match of format.matchAll(/%\(([^)]+)\)/g)) {
    if (match.index > end) parts.push({ literal: format.slice(end, match.index) })
    parts.push({ variable: match[1] as string })
    end = match.index + match[0].length
  }
  if (end < format.length) parts.push({ literal: format.slice(end) })
  return parts
}

/** A literal as a pattern; `%%` may have been written for one percent sign. */
function quoted(literal: string): string {
  return literal.replace(/%%|[\\^$.*+?()[\]{}|/]/g, found => (found === '%%' ? '%%?' : `\\${found}`))
}

/** Where one text ends and the next begins has to be told by what stands between them. */
function refuseNeighbours(between: string, left: string | undefined, right: string): void {
  if (left === undefined) return
  if (between === '' || (isAddress(left) && /^ *$/.test(between))) {
    throw new RangeError(
      `%(${left}) and %(${right}) stand side by side: nothing tells where the one ends and the other begins`,
    )
  }
}
