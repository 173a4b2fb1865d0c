import { readdir, readFile, stat } from 'node:fs/promises'
import { dirname, isAbsolute, join } from 'node:path'
import { messageOf } from '../exit.js'
import { parseIni, type Section } from './configparser.js'

/** A configuration: `NAME.conf`, what it includes, and what comes after and overrides it. */
export interface Config {
  /** `DEFAULT` among them */
  sections: Map<string, Section>
  /** by section, the values that a later file has overridden, for `%(known/name)s` */
  known: Map<string, Section>
  /** the files that were read, in order */
  files: string[]
  /** what could not be read, for people */
  faults: string[]
}

/** The longest file that is read, in bytes, and how many. */
const MAX_FILE = 1024 * 1024
const MAX_FILES = 500

/**
 * Reads `BASE.conf`, `BASE.d/*.conf`, `BASE.local` and `BASE.d/*.local`, those that there are, each with what its
 * `[INCLUDES]` name before and after it, as fail2ban's configreader does.
 * @param base a path without its ending
 */
export async function readConfig(base: string): Promise<Config> {
  const config: Config = { sections: new Map(), known: new Map(), files: [], faults: [] }
  const more = await readdir(`${base}.d`).catch(() => [] as string[])
  const dropped = (ending: string) =>
    more
      .filter(name => name.endsWith(ending) && !name.startsWith('.'))
      .sort()
      .map(name => join(`${base}.d`, name))
  const files = [`${base}.conf`, ...dropped('.conf'), `${base}.local`, ...dropped('.local')]
  for (const file of files) await merge(config, file, [], files)
  return config
}

/** Takes in a file between those that it includes; `within` are the files that include it. */
async function merge(config: Config, file: string, within: string[], apart: string[]): Promise<void> {
  if (within.includes(file)) return
  const text = await textOf(config, file)
  if (text === undefined) return
  const { sections, faults } = parseIni(text)
  const include = async (which: string) => {
    const names = sections.get('INCLUDES')?.get(which)?.split('\n') ?? []
    for (const name of names.map(name => name.trim()).filter(Boolean)) {
      const path = isAbsolute(name) ? name : join(dirname(file), name)
      await merge(config, path, [...within, file], apart)
    }
  }
  await include('before')
  config.files.push(file)
  for (const line of faults) config.faults.push(`${file}: line ${line}: neither a section nor an option`)
  for (const [name, options] of sections) mergeSection(config, name, options)
  await include('after')
  // a file that is included brings its .local with it
  const local = file.replace(/\.[^./]*$/, '.local')
  if (within.length > 0 && !apart.includes(local) && local !== file) await merge(config, local, within, apart)
}

function mergeSection({ sections, known }: Config, name: string, options: Section): void {
  const section = sections.get(name) ?? new Map<string, string>()
  const before = known.get(name) ?? new Map<string, string>()
  for (const [option, value] of options) {
    const overridden = section.get(option)
    if (overridden !== undefined) before.set(option, overridden)
    section.set(option, value)
  }
  sections.set(name, section)
  known.set(name, before)
}

/** What a file holds; undefined where there is none. */
async function textOf(config: Config, file: string): Promise<string | undefined> {
  const size = await stat(file).then(
    found => found.size,
    () => undefined,
  )
  if (size === undefined) return undefined
  if (size <= MAX_FILE && config.files.length < MAX_FILES) {
    try {
      return await readFile(file, 'utf8')
    } catch (error) {
      config.faults.push(`cannot read ${file}: ${messageOf(error)}`)
      return undefined
    }
  }
  config.faults.push(`${file} is skipped: more than ${MAX_FILES} files, or larger than 1 MiB`)
  return undefined
}
