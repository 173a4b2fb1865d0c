/**
 * The log line in a JSON object that a log encoder of uWSGI wrote; null where there is none.
 * uWSGI escapes quotes, backslashes, tabs and line ends only (core/utils.c, escape_json): other control
 * characters stand as they are, which JSON forbids and a client can bring about.
 */
export function encodedLine(text: string, field: string): string | null {
  const value = parse(text) ?? parse(text.replace(/[\0-\x1f]/g, escapeControl))
  const message = value && Object.hasOwn(value, field) ? value[field] : null
  return typeof message === 'string' ? message.replace(/\n$/, '') : null
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
