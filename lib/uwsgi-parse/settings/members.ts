import type { Sections } from './entries.js'

/** The members of a JSON or YAML value as sections; a list gives an option several values. */
export function sectionsOf(value: unknown): Sections {
  return Object.entries(isMapping(value) ? value : {}).map(([name, options]) => ({
    name,
    entries: Object.entries(isMapping(options) ? options : {}).flatMap(([key, given]) =>
      (Array.isArray(given) ? given : [given]).flatMap((one: unknown): [string, string][] =>
        typeof one === 'object' && one !== null ? [] : [[key, one === null ? 'true' : String(one)]],
      ),
    ),
  }))
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * A JSON file with an object per section.
 * @throws RangeError for what is no JSON
 */
export function parseJson(text: string): Sections {
  try {
    return sectionsOf(JSON.parse(text))
  } catch {
    throw new RangeError('not JSON')
  }
}
