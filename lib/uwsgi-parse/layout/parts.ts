import { ADDRESSES } from '../address-slot.js'
import { type EncodedPart, escapedText } from './encoder.js'
import type { Format, LogFormat } from './log-format.js'
import { type Field, joinedLiterals, type Part } from './part.js'
import { hasDirective, isInstant, openEnd, secondsIn, strftimePattern } from './strftime.js'
import { grammarOf, SOCKET, UNKNOWN, WORD } from './variables.js'

type Dates = Format['dates'][number][]

/** What a format consists of, and which of its fields strftime printed. */
export interface Parts {
  parts: readonly Part[]
  dates: Format['dates']
  /** whether only an encoder tells the time */
  isDatedAtEnd: boolean
}

/**
 * The parts of a format, as uwsgi_build_log_format takes it apart, within what encoders put around it.
 * @throws RangeError
 */
export function partsOf(given: LogFormat): Parts {
  const dates: Dates = []
  const inner = partsOfFormat(given, dates)
  const { encoding } = given
  if (!encoding) return { parts: merged(inner), dates, isDatedAtEnd: false }
  const own = dates.length > 0
  const around: Dates = []
  const before = encoding.before.map(part => partOfEncoder(part, around))
  const after = encoding.after.map(part => partOfEncoder(part, around))
  const within = encoding.isEscaped ? inner.map(escapedPart) : inner
  const parts = joinedLiterals([...before, ...within, ...after])
  return { parts: merged(parts), dates: own ? dates : around, isDatedAtEnd: !own }
}

/** The pattern of what an encoder writes behind a line; undefined where that is nothing. */
export function patternOf(encoded: readonly EncodedPart[]): RegExp | undefined {
  if (encoded.length === 0) return undefined
  const sources = encoded.map(part => {
    const made = partOfEncoder(part, [])
    return 'literal' in made ? quoted(made.literal) : 'field' in made ? made.grammar.source : ''
  })
  return new RegExp(`${sources.map(source => `(?:${source})`).join('')}$`)
}

function partOfEncoder(part: EncodedPart, dates: Dates): Part {
  if (typeof part === 'string') return { literal: part }
  if ('strftime' in part) return date(`now.strftime ${dates.length}`, undefined, part.strftime, dates)
  const field = `now.${part.now}`
  return { field, grammar: { source: '\\d{1,20}', more: /\d/ } }
}

function escapedPart(part: Part): Part {
  return 'literal' in part ? { literal: escapedText(part.literal) } : part
}

function date(field: string, unformatted: string | undefined, format: string, dates: Dates): Field {
  dates.push({ field, format })
  const grammar = { source: strftimePattern(format), more: openEnd(format) }
  if (unformatted !== undefined) return { field, grammar, unformatted }
  if (!isInstant(format)) return { field, grammar }
  return { field, grammar: { ...grammar, ordinary: { does: 'date', second: secondsIn(format) } } }
}

/** Text and variables of a format; dates are added to `dates`. */
function partsOfFormat(
  { format, strftime, logDate, forwarded, socket, address }: LogFormat,
  dates: Dates,
): Part[] {
  const dated = (literal: string): Part[] => {
    const [, before = '', text = '', after = ''] =
      /^(.*?)(%?%[A-Za-z].*%[A-Za-z]|%?%[A-Za-z])(.*)$/s.exec(literal) ?? []
    if (!strftime || !hasDirective(text.replaceAll('%%', '%'))) return literal === '' ? [] : [{ literal }]
    return [
      ...(before === '' ? [] : [{ literal: before }]),
      date(`strftime ${dates.length}`, text, text.replaceAll('%%', '%'), dates),
      ...(after === '' ? [] : [{ literal: after }]),
    ]
  }
  const literals = (literal: string): Part[] => {
    const open = literal.indexOf('%(')
    if (open >= 0)
      throw new RangeError(`expected %(name), got ${JSON.stringify(literal.slice(open, open + 40))}`)
    const unknown = UNKNOWN.exec(literal)
    if (!unknown) return dated(literal)
    return [
      ...dated(literal.slice(0, unknown.index)),
      { field: unknown[0], grammar: WORD },
      ...literals(literal.slice(unknown.index + unknown[0].length)),
    ]
  }
  const isAddress = addressName(format, address)
  const variable = (name: string): Part => {
    if (isAddress?.(name)) return { text: 'addr' }
    // another address than the one that counts is a text like any other
    if (isAddress && ADDRESSES.includes(name)) return { text: `other ${name}` }
    if (name === 'ftime' && strftime && logDate) return date(name, undefined, logDate, dates)
    const grammar = name === 'addr' && (forwarded === false || socket === 'uwsgi') ? SOCKET : grammarOf(name)
    return grammar === undefined ? { text: name } : { field: name, grammar }
  }
  // the pieces between the variables, and at the odd places their names
  return format
    .split(/%\(([^()%]+)\)/)
    .flatMap((piece, i) => (i % 2 === 0 ? literals(piece) : variable(piece)))
}

/** Whether a variable is the one that `--address` names: as uWSGI does (`HTTP_X_REAL_IP`), or as a header. */
function addressName(format: string, address: string | undefined): ((name: string) => boolean) | undefined {
  if (address === undefined) return undefined
  const header = `HTTP_${address.toUpperCase().replaceAll('-', '_')}`
  const spellings = [address, `var.${address}`, `var.${header}`]
  if (!spellings.some(spelling => format.includes(`%(${spelling})`))) {
    throw new RangeError(
      `--address: ${JSON.stringify(address)} is not logged: expected the name of a variable in the log-format`,
    )
  }
  return name => spellings.includes(name)
}

/** Texts that run into one another and that nothing depends on: they are read as one. */
function merged(parts: readonly Part[]): Part[] {
  const found: Part[] = []
  for (const part of parts) {
    const last = found.at(-1)
    if (last && 'text' in last && 'text' in part && !decides(last.text) && !decides(part.text))
      found[found.length - 1] = { text: part.text === 'uri' ? 'uri' : last.text }
    else found.push(part)
  }
  return found
}

/** Whether a client, or a torn line, is known by this text. */
function decides(text: string): boolean {
  return ADDRESSES.includes(text) || text === 'user' || text === 'var.REMOTE_USER'
}

/** A literal as a pattern; `%%` may have been written for one percent sign. */
export function quoted(literal: string): string {
  return literal.replace(/%%|[\\^$.*+?()[\]{}|/]/g, found => (found === '%%' ? '%%?' : `\\${found}`))
}
