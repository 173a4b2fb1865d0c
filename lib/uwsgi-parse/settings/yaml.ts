import type { Sections } from './entries.js'
import { sectionsOf } from './members.js'

/** A plain text that begins as no plain text may in YAML; uWSGI's own reader takes it (core/yaml.c). */
const BARE_VARIABLE = /^(\s*[\w-]+:\s+)([%@`].*?)\s*$/gm

/**
 * A YAML file with a mapping per section.
 * @throws RangeError for what is no YAML
 */
export async function parseYaml(text: string): Promise<Sections> {
  const { parse } = await import('yaml')
  const quoted = text.replace(BARE_VARIABLE, (_, key: string, value: string) => key + JSON.stringify(value))
  try {
    // aliases are few in a configuration, and a chain of them can be endless text
    return sectionsOf(parse(quoted, { maxAliasCount: 20, schema: 'failsafe', uniqueKeys: false }))
  } catch (error) {
    throw new RangeError(
      `not YAML: ${String(error instanceof Error ? error.message : error).split('\n', 1)[0]}`,
    )
  }
}
