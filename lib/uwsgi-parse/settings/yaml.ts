import type { Sections } from './entries.js'
import { sectionsOf } from './members.js'

/**
 * A YAML file with a mapping per section.
 * @throws RangeError for what is no YAML
 */
export async function parseYaml(text: string): Promise<Sections> {
  const { parse } = await import('yaml')
  const quoted = text.split('\n').map(withQuotes).join('\n')
  try {
    // aliases are few in a configuration, and a chain of them can be endless text
    return sectionsOf(parse(quoted, { maxAliasCount: 20, schema: 'failsafe', uniqueKeys: false }))
  } catch (error) {
    throw new RangeError(
      `not YAML: ${String(error instanceof Error ? error.message : error).split('\n', 1)[0]}`,
    )
  }
}

/** A line with quotes around what begins as no plain text may in YAML; uWSGI's own reader takes it (core/yaml.c). */
function withQuotes(line: string): string {
  const colon = line.indexOf(':')
  const value = line.slice(colon + 1).trim()
  return colon > 0 && /^[%@`]/.test(value) ? `${line.slice(0, colon)}: ${JSON.stringify(value)}` : line
}
