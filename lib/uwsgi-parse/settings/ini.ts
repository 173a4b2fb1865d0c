import type { Sections } from './entries.js'

/**
 * An ini file as uWSGI reads it (core/ini.c): `key = value`, spaces around both; a line that begins with `;` or `#` is a
 * comment; a key without a value is switched on.
 */
export function parseIni(text: string): Sections {
  const sections: { name: string; entries: [string, string][] }[] = []
  for (const raw of text.split('\n')) {
    const line = raw.trim()
    if (line === '' || line.startsWith(';') || line.startsWith('#')) continue
    if (line.startsWith('[')) {
      sections.push({ name: line.slice(1, -1), entries: [] })
      continue
    }
    const equals = line.indexOf('=')
    const key = (equals < 0 ? line : line.slice(0, equals)).trim()
    const value = equals < 0 ? 'true' : line.slice(equals + 1).trim()
    sections.at(-1)?.entries.push([key, value])
  }
  return sections
}
