import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { dirname, extname, isAbsolute, join } from 'node:path'
import { messageOf } from '../../exit.js'
import { UNKNOWN } from '../layout/variables.js'
import { type Entry, type Sections, withPlaceholders } from './entries.js'
import { parseIni } from './ini.js'
import { compileMagic } from './magic.js'
import { parseJson } from './members.js'
import { parseXmlConfig } from './xml.js'
import { parseYaml } from './yaml.js'

/** The largest file that is read, how many files, and how deep they may include one another. */
const MAX_FILE_BYTES = 1024 * 1024
const MAX_FILES = 64
const MAX_DEPTH = 8

/** Options that read another file at once, in their place. */
const INCLUDES: readonly string[] = [
  ...['ini', 'include', 'inherit', 'json', 'xml', 'xmlconfig', 'yaml', 'yml'],
]
/** Others, whose files are not read. */
const UNREADABLE: readonly string[] = ['sqlite3', 'ldap', 'config', 'config-py']

const PARSERS: Readonly<Record<string, (text: string) => Sections | Promise<Sections>>> = {
  '.yaml': parseYaml,
  '.yml': parseYaml,
  '.json': parseJson,
  '.js': parseJson,
  '.xml': parseXmlConfig,
}

/** The configuration of a uWSGI. */
export interface Configuration {
  entries: readonly Entry[]
  /** the files that it includes and that could not be read, each with the reason */
  missing: readonly string[]
}

/**
 * Reads a configuration of uWSGI, an ini file unless its name ends in .yaml, .yml, .json or .xml, and the files that it
 * includes. Only regular files are read, of 1 MiB at the most.
 * @param given a path, or `PATH:SECTION`
 * @throws RangeError for a file that cannot be read, or without the section
 */
export async function readConfiguration(given: string): Promise<Configuration> {
  const files = new Map<string, Sections>()
  const missing: string[] = []
  const sectionsIn = async (path: string): Promise<Sections> => {
    const known = files.get(path)
    if (known) return known
    if (files.size >= MAX_FILES) throw new RangeError(`more than ${MAX_FILES} files`)
    const text = compileMagic(path)(await textOf(path))
    const sections = await (PARSERS[extname(path).toLowerCase()] ?? parseIni)(text)
    files.set(path, sections)
    return sections
  }

  const entriesOf = async (path: string, wanted: string, within: readonly string[]): Promise<Entry[]> => {
    const sections = await sectionsIn(path)
    const found = sections.filter(({ name }) => name === wanted)
    if (found.length === 0) throw new RangeError(noSection(path, wanted, sections))
    const entries: Entry[] = []
    let depth = 0
    for (const [key, value] of found.flatMap(({ entries }) => entries)) {
      if (/^(?:if-|for\b|for-)/.test(key)) depth++
      entries.push({ key, value, isConditional: depth > 0 })
      if (/^(?:end|endif|endfor)$/.test(key) && depth > 0) depth--
      if (!INCLUDES.includes(key)) {
        if (UNREADABLE.includes(key)) missing.push(`${key} = ${value} (not a file that can be read)`)
        continue
      }
      const included = await include({ path, value, isConditional: depth > 0 }, within, entries)
      entries.push(...included)
    }
    return entries
  }

  const include = async (
    { path, value, isConditional }: { path: string; value: string; isConditional: boolean },
    within: readonly string[],
    before: readonly Entry[],
  ): Promise<Entry[]> => {
    const filled = withPlaceholders([...before, { key: '', value, isConditional }]).at(-1)?.value ?? value
    const [file, section] = splitSection(filled)
    const target = file === '' ? path : isAbsolute(file) ? file : join(dirname(path), file)
    const place = `${target}:${section}`
    try {
      if (/^[a-z]+:\/\//.test(filled) || filled === '-' || UNKNOWN.test(filled) || filled.includes('%('))
        throw new RangeError('its name is not that of a file')
      if (within.includes(place) || within.length >= MAX_DEPTH) throw new RangeError('it includes itself')
      const found = await entriesOf(target, section, [...within, place])
      return isConditional ? found.map(entry => ({ ...entry, isConditional })) : found
    } catch (error) {
      missing.push(`${value} (${messageOf(error)})`)
      return []
    }
  }

  const [path, section] = splitSection(given)
  const entries = await entriesOf(path, section, [`${path}:${section}`])
  return { entries: withPlaceholders(entries), missing }
}

/** `FILE:SECTION` taken apart; the section of uWSGI itself is `uwsgi`. */
function splitSection(given: string): [file: string, section: string] {
  const [, file = given, section] = /^(.*):([^:/]*)$/s.exec(given) ?? []
  return [file, section || 'uwsgi']
}

function noSection(path: string, wanted: string, sections: Sections): string {
  const names = [...new Set(sections.map(({ name }) => name))].slice(0, 10)
  const other =
    names[0] === undefined
      ? 'it has no section at all. Of a script or a Dockerfile, give the format itself: --log-format'
      : `it has ${names.map(name => `[${name}]`).join(' ')}: give ${path}:${names[0]}`
  return `no [${wanted}] section in ${JSON.stringify(path)}; ${other}`
}

/** The text of a regular file. A pipe is not waited for, and nothing is read that has no end. */
async function textOf(path: string): Promise<string> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      const found = await file.stat()
      if (!found.isFile()) throw new RangeError('it is not a regular file')
      if (found.size > MAX_FILE_BYTES) throw new RangeError('it is larger than 1 MiB')
      return await file.readFile('utf8')
    } finally {
      await file.close()
    }
  } catch (error) {
    throw new RangeError(`cannot read ${JSON.stringify(path)}: ${messageOf(error)}`)
  }
}
