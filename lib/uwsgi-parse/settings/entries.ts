/** One option of a configuration of uWSGI, in the order of the files. */
export interface Entry {
  key: string
  value: string
  /** whether it stands between `if-…` or `for…` and their end, so that it may not count */
  isConditional: boolean
}

/** What a file says, section by section; a section may come several times. */
export type Sections = readonly {
  name: string
  entries: readonly (readonly [key: string, value: string])[]
}[]

/** The values of an option, and its last one, which counts. */
export interface Options {
  all: (...names: string[]) => readonly Entry[]
  last: (...names: string[]) => Entry | undefined
}

/** Looks options up. */
export function optionsOf(entries: readonly Entry[]): Options {
  const all = (...names: string[]) => entries.filter(({ key }) => names.includes(key))
  return { all, last: (...names) => all(...names).at(-1) }
}

/** How many times placeholders are looked for in the values of others, and how long a value may become. */
const MAX_PASSES = 8
const MAX_VALUE_LENGTH = 16_384

/**
 * Puts the values of options in the place of `%(name)` (core/uwsgi.c, uwsgi_apply_config_pass): of several options of a
 * name the first one counts, wherever it stands.
 */
export function withPlaceholders(entries: readonly Entry[]): Entry[] {
  const values = new Map<string, string>()
  for (const { key, value } of entries) {
    const [, name, set] =
      key === 'set-placeholder' || key === 'set-ph' ? (/^([^=]+)=(.*)$/s.exec(value) ?? []) : []
    if (name !== undefined && set !== undefined && !values.has(name)) values.set(name, set)
    else if (!values.has(key)) values.set(key, value)
  }
  const filled = (value: string): string => {
    let text = value
    for (let pass = 0; pass < MAX_PASSES; pass++) {
      const next = text.replace(/%\(([^()]+)\)/g, (whole, name: string) => values.get(name) ?? whole)
      if (next === text || next.length > MAX_VALUE_LENGTH) break
      text = next
    }
    return text
  }
  return entries.map(entry => ({ ...entry, value: filled(entry.value) }))
}
