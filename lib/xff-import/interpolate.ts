import type { Config } from './config.js'

/** Reads an option of a section, or else of `[DEFAULT]`, interpolated; undefined where neither has it. */
export type Get = (section: string, option: string) => string | undefined

/** A `%(name)s` that leads nowhere, in a circle or to something huge. */
export class InterpolationError extends Error {}

/** As deep as Python's configparser goes, the longest value, in UTF-16 units, and the steps to it. */
const MAX_DEPTH = 10
const MAX_VALUE = 65_536
const MAX_STEPS = 10_000

/**
 * Values as fail2ban sees them: `%(name)s` is another option, `%(__name__)s` the section, `%(section/name)s` an
 * option of another section, `%(default/name)s` of DEFAULT, `%(known/name)s` the value that was overridden; `%%`
 * is a percent sign.
 * @param given options that are always there, `fail2ban_confpath` for one
 * @returns what throws InterpolationError
 */
export function interpolated({ sections, known }: Config, given: Record<string, string> = {}): Get {
  const defaults = sections.get('DEFAULT')

  const raw = (section: string, name: string): string | undefined => {
    const option = name.toLowerCase()
    if (option === '__name__') return section
    const [, place, inner] = /^([\w-]+)\/(.+)$/.exec(option) ?? []
    if (place === undefined || inner === undefined) {
      return sections.get(section)?.get(option) ?? defaults?.get(option) ?? given[option]
    }
    // the section's name keeps its case
    const named = name.slice(0, place.length)
    const there =
      place === 'known' ? known.get(section) : place === 'default' ? defaults : sections.get(named)
    return there?.get(inner) ?? defaults?.get(inner) ?? given[inner]
  }

  let steps = 0
  const expand = (section: string, value: string, depth: number): string => {
    if (depth > MAX_DEPTH) throw new InterpolationError('refers to itself')
    if (++steps > MAX_STEPS) throw new InterpolationError('is too long')
    let length = 0
    return value.replace(/%(?:(%)|\(([^)]*)\)s|)/g, (found, percent?: string, name?: string) => {
      if (percent !== undefined) return '%'
      if (name === undefined) throw new InterpolationError('has a % that is neither %% nor %(name)s')
      const inner = raw(section, name)
      if (inner === undefined) throw new InterpolationError(`has ${found}, which is not defined`)
      const expanded = expand(section, inner, depth + 1)
      length += expanded.length
      if (length > MAX_VALUE) throw new InterpolationError('is too long')
      return expanded
    })
  }

  return (section, option) => {
    const value = raw(section, option)
    steps = 0
    return value === undefined ? undefined : expand(section, value, 1)
  }
}
