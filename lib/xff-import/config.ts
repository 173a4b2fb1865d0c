import { readdir, readFile, stat } from 'node:fs/promises'
import { dirname, isAbsolute, join } from 'node:path'
import { messageOf } from '../exit.js'
import { parseIni, type Section } from './configparser.js'

/** A configuration of fail2ban: `NAME.conf`, the files it includes, and the later files that override it. */
export interface Config {
  /** `DEFAULT` among them */
  sections: Map<string, Section>
  /** by section, the values that a later file has overridden, for `%(known/name)s` */
  known: Map<string, Section>
  /** the files that were read, in order */
  files: string[]
  /** messages about files and lines that could not be read */
  problems: string[]
}

/** The longest file that is read, and how many files. */
const MAX_FILE_BYTES = 1024 * 1024
const MAX_FILES = 500

/**
 * Reads those of `BASE.conf`, `BASE.d/*.conf`, `BASE.local` and `BASE.d/*.local` that exist, in this order, each
 * between the files that its `[INCLUDES]` names under `before` and `after`, as fail2ban's configreader does.
 * @param base a path without its extension
 */
export async function readConfig(base: string): Promise<Config> {
  const config: Config = { sections: new Map(), known: new Map(), files: [], problems: [] }
  const dropIns = await readdir(`${base}.d`).catch(() => [] as string[])
  const withExtension = (extension: string) =>
    dropIns
      .filter(name => name.endsWith(extension) && !name.startsWith('.'))
      .sort()
      .map(name => join(`${base}.d`, name))
  const files = [`${base}.conf`, ...withExtension('.conf'), `${base}.local`, ...withExtension('.local')]
  for (const file of files) await merge(config, file, [], files)
  return config
}

/**
 * Merges a file between those that it includes.
 * @param within the files that include it
 * @param topLevel the files that are read anyway
 */
async function merge(config: Config, file: string, within: string[], topLevel: string[]): Promise<void> {
  if (within.includes(file)) return
  const text = await textOf(config, file)
  if (text === undefined) return
  const { sections, badLines } = parseIni(text)
  const include = async (which: string) => {
    const names = sections.get('INCLUDES')?.get(which)?.split('\n') ?? []
    for (const name of names.map(name => name.trim()).filter(Boolean)) {
      const path = isAbsolute(name) ? name : join(dirname(file), name)
      await merge(config, path, [...within, file], topLevel)
    }
  }
  await include('before')
  config.files.push(file)
  for (const line of badLines) config.problems.push(`${file}: line ${line}: neither a section nor an option`)
  for (const [name, options] of sections) mergeSection(config, name, options)
  await include('after')
  // an included file is followed by its .local
  const local = file.replace(/\.[^./]*$/, '.local')
  if (within.length > 0 && !topLevel.includes(local) && local !== file)
    await merge(config, local, within, topLevel)
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

/** The content of a file; undefined where it does not exist or cannot be read. */
async function textOf(config: Config, file: string): Promise<string | undefined> {
  const size = await stat(file).then(
    found => found.size,
    () => undefined,
  )
  if (size === undefined) return undefined
  if (size <= MAX_FILE_BYTES && config.files.length < MAX_FILES) {
    try {
      return await readFile(file, 'utf8')
    } catch (error) {
      config.problems.push(`cannot read ${file}: ${messageOf(error)}`)
      return undefined
    }
  }
  config.problems.push(`${file} is skipped: more than ${MAX_FILES} files, or larger than 1 MiB`)
  return undefined
}
