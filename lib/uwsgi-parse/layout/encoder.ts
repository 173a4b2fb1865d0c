/** What stands around a log line that an encoder of uWSGI has written: in its place, `message`. */
export interface Encoding {
  before: readonly EncodedPart[]
  after: readonly EncodedPart[]
  /** whether the line stands within a string of JSON, escaped */
  isEscaped: boolean
}

/** Fixed text, or the time at which the line was written. */
export type EncodedPart = string | { now: 'unix' | 'millis' | 'micros' } | { strftime: string }

/** An encoding, or why the lines of such a log cannot be told apart. */
export type Encoded = Encoding | { problem: string }

type Piece = EncodedPart | { message: 'raw' | 'escaped' }

/** The encoders that are understood: each is given what the one before has written. */
const ENCODERS: Readonly<Record<string, (pieces: readonly Piece[], args: string) => Piece[]>> = {
  prefix: (pieces, args) => [args, ...pieces],
  suffix: (pieces, args) => [...pieces, args],
  nl: pieces => [...pieces, '\n'],
  format: (pieces, args) => filled(args, pieces, false),
  json: (pieces, args) => filled(args, pieces, true),
}

/**
 * What `log-encoder` or `log-req-encoder` make of a log line (core/logging.c, uwsgi_log_encoder_format and others); undefined
 * where they change nothing.
 * @param encoders the values of the options, in order: the name of an encoder, and what it is given
 */
export function encodingOf(encoders: readonly string[]): Encoded | undefined {
  let pieces: readonly Piece[] = [{ message: 'raw' }, '\n']
  for (const encoder of encoders) {
    const [, name = '', args = ''] = /^([\w-]+)(?:\s+(.*))?$/s.exec(encoder) ?? []
    const encode = Object.hasOwn(ENCODERS, name) ? ENCODERS[name] : undefined
    if (!encode)
      return { problem: `what the encoder ${JSON.stringify(name || encoder)} writes cannot be read` }
    pieces = encode(pieces, args)
  }
  const at = pieces.findIndex(piece => typeof piece === 'object' && 'message' in piece)
  const message = pieces[at]
  if (typeof message !== 'object' || !('message' in message))
    return { problem: 'the encoder leaves out the message (msg)' }
  const before = pieces.slice(0, at)
  const after = pieces.slice(at + 1)
  if ([...before, ...after].some(piece => typeof piece === 'object' && 'message' in piece))
    return { problem: 'the encoders write the message twice' }
  const end = after.findIndex(piece => typeof piece === 'string' && piece.includes('\n'))
  if (end < 0) return { problem: 'nothing separates the lines: add "nl", as the last of these encoders' }
  const begin = before.findLastIndex(piece => typeof piece === 'string' && piece.includes('\n'))
  const encoding: Encoding = {
    before: joined([...textAfter(before[begin]), ...before.slice(begin + 1)]),
    after: joined([...after.slice(0, end), ...textBefore(after[end])]),
    isEscaped: message.message === 'escaped',
  }
  return encoding.before.length + encoding.after.length > 0 || encoding.isEscaped ? encoding : undefined
}

/** The template of an encoder with the pieces in the place of `${msg}`. */
function filled(template: string, pieces: readonly Piece[], isJson: boolean): Piece[] {
  return template.split(/\$\{([^{}]*)\}/).flatMap((text, i): readonly Piece[] => {
    if (i % 2 === 0) return text === '' ? [] : [text]
    if (text === 'msg' || text === 'msgnl') {
      const message = withoutNewline(pieces).map(piece => (isJson ? escaped(piece) : piece))
      return text === 'msgnl' ? [...message, '\n'] : message
    }
    if (text === 'unix' || text === 'millis' || text === 'micros') return [{ now: text }]
    return text.startsWith('strftime:') ? [{ strftime: text.slice(9) }] : []
  })
}

function withoutNewline(pieces: readonly Piece[]): readonly Piece[] {
  const last = pieces.at(-1)
  if (typeof last !== 'string' || !last.endsWith('\n')) return pieces
  return last === '\n' ? pieces.slice(0, -1) : [...pieces.slice(0, -1), last.slice(0, -1)]
}

function escaped(piece: Piece): Piece {
  if (typeof piece === 'string') return escapedText(piece)
  return 'message' in piece ? { message: 'escaped' } : piece
}

/** A text as uWSGI puts it into JSON (core/utils.c, escape_json). */
export function escapedText(text: string): string {
  return text
    .replace(/["\\]/g, '\\$&')
    .replaceAll('\t', '\\t')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
}

function textAfter(piece: Piece | undefined): string[] {
  return typeof piece === 'string' ? [piece.slice(piece.lastIndexOf('\n') + 1)].filter(Boolean) : []
}

function textBefore(piece: Piece | undefined): string[] {
  return typeof piece === 'string' ? [piece.slice(0, piece.indexOf('\n'))].filter(Boolean) : []
}

/** The pieces without the message, texts that stand side by side as one. */
function joined(pieces: readonly Piece[]): EncodedPart[] {
  const parts: EncodedPart[] = []
  for (const piece of pieces) {
    const last = parts.at(-1)
    if (typeof piece === 'string' && typeof last === 'string') parts[parts.length - 1] = last + piece
    else if (typeof piece === 'string' || !('message' in piece)) parts.push(piece)
  }
  return parts
}
