import type { Config } from './config.js'

/** Reads an option of a section, or else of `[DEFAULT]`, interpolated; undefined where neither has it. */
export type Get = (section: string, option: string) => string | undefined

/** A `%(name)s` that is not defined, refers to itself, or expands to more than the bound. */
export class InterpolationError extends Error {}

/** The depth limit of Python's configparser; the longest value, in UTF-16 units; the expansions that one value may take. */
const MAX_DEPTH = 10
const MAX_UNITS = 65_536
const MAX_EXPANSIONS = 10_000

/**
 * Values as fail2ban sees them: `%(name)s` is another option, `%(__name__)s` the section, `%(section/name)s` an
 * option of another section, `%(default/name)s` of DEFAULT, `%(known/name)s` the value that was overridden; `%%`
 * is a percent sign.
 * @param builtIn options that exist without being written, `fail2ban_confpath` for one
 * @returns a reader that throws InterpolationError
 */
export function interpolated({ sections, known }: Config, builtIn: Record<string, string> = {}): Get {
  const defaults = sections.get('DEFAULT')

  const raw = (section: string, name: string): string | undefined => {
    const option = name.toLowerCase()
    if (option === '__name__') return section
    const [, prefix, inner] = /^([\w-]+)\/(.+)$/.exec(option) ?? []
    if (prefix === undefined || inner === undefined) {
      return sections.get(section)?.get(option) ?? defaults?.get(option) ?? builtIn[option]
    }
    // section names are case-sensitive, option names are not
    const other = name.slice(0, prefix.length)
    const options =
      prefix === 'known' ? known.get(section) : prefix === 'default' ? defaults : sections.get(other)
    return options?.get(inner) ?? defaults?.get(inner) ?? builtIn[inner]
  }

  let expansions = 0
  const expand = (section: string, value: string, depth: number): string => {
    if (depth > MAX_DEPTH) throw new InterpolationError('refers to itself')
    if (++expansions > MAX_EXPANSIONS) throw new InterpolationError('is too long')
    let length = 0
    return value.replace(/%(?:(%)|\(([^)]*)\)s|)/g, (found, percent?: string, name?: string) => {
      if (percent !== undefined) return '%'
      if (name === undefined) throw new InterpolationError('has a % that is neither %% nor %(name)s')
      const inner = raw(section, name)
      if (inner === undefined) throw new InterpolationError(`has ${found}, which is not defined`)
      const expanded = expand(section, inner, depth + 1)
      length += expanded.length
      if (length > MAX_UNITS) throw new InterpolationError('is too long')
      return expanded
    })
  }

  return (section, option) => {
    const value = raw(section, option)
    expansions = 0
    return value === undefined ? undefined : expand(section, value, 1)
  }
}
