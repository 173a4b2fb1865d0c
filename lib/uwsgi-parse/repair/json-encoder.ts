/** A log line out of a JSON object. */
export interface Message {
  text: string
  /** whether it goes on in the next object */
  isPiece: boolean
}

/** How long the pieces are into which Docker's log drivers split a line, in bytes (daemon/logger/copier.go). */
const DOCKER_PIECE_BYTES = 16_384
/** No collector splits shorter lines; an app may print less without a newline. */
const MIN_PIECE_BYTES = 4_096

/**
 * Reads the JSON objects that a log encoder of uWSGI wrote, or a collector. uWSGI escapes quotes, backslashes, tabs and line
 * ends only (core/utils.c, escape_json): other control characters stand as they are, which JSON forbids and a client
 * can bring about.
 *
 * A collector that splits long lines says so in a field (Docker's drivers, journald), or leaves the newline to the
 * last piece; uWSGI's encoder and Docker's json-file keep it in every whole line.
 * @returns reads a line; null where it is no such object
 */
export function compileMessages(field: string): (line: string) => Message | null {
  let keepsNewlines = false
  return line => {
    const value = parse(line) ?? parse(line.replace(/[\0-\x1f]/g, escapeControl))
    const message = value && Object.hasOwn(value, field) ? value[field] : null
    if (!value || typeof message !== 'string') return null
    const isWhole = message.endsWith('\n')
    keepsNewlines ||= isWhole
    const bytes = isWhole ? 0 : Buffer.byteLength(message)
    const isPiece =
      isTrue(value.CONTAINER_PARTIAL_MESSAGE) ||
      (isTrue(value.partial_message) && !isTrue(value.partial_last)) ||
      bytes === DOCKER_PIECE_BYTES ||
      (keepsNewlines && bytes >= MIN_PIECE_BYTES)
    return { text: isWhole ? message.slice(0, -1) : message, isPiece }
  }
}

function isTrue(value: unknown): boolean {
  return value === true || value === 'true'
}

function escapeControl(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

function parse(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null
  } catch {
    return null
  }
}
