import { hasMembers, parsedJson } from '../layout/json.js'

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
 *
 * Where an encoder's template is no JSON, as with a time that lacks quotes, the message is what stands behind its key, up
 * to the last quote of the line.
 * @param field the key, or a path of keys with dots between them
 * @returns reads a line; null where it is no such object
 */
export function compileMessages(field: string): (line: string) => Message | null {
  let keepsNewlines = false
  return line => {
    const value = parse(line) ?? parse(line.replace(/[\0-\x1f]/g, escapeControl)) ?? brokenMember(line, field)
    const message = memberOf(value, field)
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

/** What a collector's own JSON begins with, by the key that holds the line. */
const COLLECTORS: readonly (readonly [RegExp, string])[] = [
  // docker's json-file
  [/^\{"log":".*"(?:stream|time)":"[^"]*"/s, 'log'],
  // journalctl --output json
  [/^\{(?=.*"__REALTIME_TIMESTAMP"\s?:).*"MESSAGE"\s?:/s, 'MESSAGE'],
]

/** What reads the JSON of a collector that is known by itself; undefined for any other line. */
export function compileCollectors(): (line: string) => ((line: string) => Message | null) | undefined {
  const readers = COLLECTORS.map(([looks, field]) => [looks, compileMessages(field)] as const)
  return line => (line.startsWith('{') ? readers.find(([looks]) => looks.test(line))?.[1] : undefined)
}

/** The member of an object: by its key, or by a path of keys. */
function memberOf(value: unknown, path: string): unknown {
  if (!hasMembers(value)) return undefined
  if (Object.hasOwn(value, path)) return value[path]
  const dot = path.indexOf('.')
  const [key, rest] = [path.slice(0, dot), path.slice(dot + 1)]
  return dot > 0 && Object.hasOwn(value, key) ? memberOf(value[key], rest) : undefined
}

/** A member of what is nearly JSON, if it is the last one. */
function brokenMember(line: string, field: string): Record<string, unknown> | null {
  const key = `"${field}":`
  const at = line.startsWith('{') ? line.indexOf(key) : -1
  const start = at < 0 ? -1 : line.indexOf('"', at + key.length)
  const end = line.lastIndexOf('"')
  if (start < 0 || end <= start || line.slice(at + key.length, start).trim() !== '') return null
  if (line.slice(end + 1).trim() !== '}') return null
  return parse(
    `{${JSON.stringify(field)}:${line.slice(start, end + 1).replace(/[\0-\x1f]/g, escapeControl)}}`,
  )
}

function isTrue(value: unknown): boolean {
  return value === true || value === 'true'
}

function escapeControl(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

function parse(text: string): Record<string, unknown> | null {
  const value = parsedJson(text)
  return hasMembers(value) ? value : null
}
