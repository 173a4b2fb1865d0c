import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { EXIT, ExitError, messageOf } from '../exit.js'
import { didYouMean, nearest } from '../text/nearest.js'
import { readValue, splitWords } from './quoted.js'

/** What a settings file is made of: the words of each setting. */
export interface Settings {
  /** the name of the jail, and of the file without `.conf` */
  name: string
  file: string
  /** patterns of files, or a match for journalctl; or none, as the bans are those of a fleet */
  log: { files: string[] } | { journal: string[] } | 'fleet'
  /** options of xff-bus: for the bans of a fleet, or to report what is in the log to it */
  bus: string[]
  /** a program in place of uwsgi-parse, with its arguments */
  parser: string[] | undefined
  /** options of uwsgi-parse, of xff-window and of xff-ban */
  parse: string[]
  window: string[]
  ban: string[]
  /** a program between the parser and xff-window, with its arguments */
  filter: string[] | undefined
  /** how many lines of the log are read again at the start */
  replay: string
  /** since when the journal is */
  since: string
  /** whatever else is in the file: for the environment of the commands */
  others: Record<string, string>
}

const NAMES = [
  'LOG',
  'JOURNAL',
  'PARSER',
  'PARSE',
  'FILTER',
  'WINDOW',
  'BAN',
  'NOTIFY',
  'BUS',
  'REPLAY',
  'SINCE',
]
export const DEFAULT_REPLAY = '100000'
export const DEFAULT_SINCE = '-1h'
const JAIL_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,27}$/

export function isJailName(name: string): boolean {
  return JAIL_NAME.test(name)
}

/** What is in a settings file cannot be used, or there is none: EX_USAGE, as for an option. */
export class SettingsError extends ExitError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, EXIT.usage, options)
  }
}

/** The names of the jails that have settings, in order. */
export function jailsIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter(file => file.endsWith('.conf'))
      .map(file => file.slice(0, -'.conf'.length))
      .filter(isJailName)
      .sort()
  } catch {
    return []
  }
}

/**
 * Reads FOLDER/NAME.conf.
 * @throws SettingsError
 */
export function readSettings(folder: string, name: string): Settings {
  const file = join(folder, `${name}.conf`)
  if (!isJailName(name))
    throw new SettingsError(
      `expected the name of a jail (up to 28 letters, digits and _.-), got ${JSON.stringify(name)}`,
    )
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    const there = jailsIn(folder)
    const known = there.length > 0 ? `; there is ${there.join(', ')}` : '; see xff-jail(7)'
    throw new SettingsError(
      `cannot read the settings: ${messageOf(error)}${known}${didYouMean(name, there)}`,
      {
        cause: error,
      },
    )
  }
  return parseSettings(name, file, text)
}

/** @throws SettingsError that names the file and the setting */
export function parseSettings(name: string, file: string, text: string): Settings {
  try {
    return settingsFrom(name, file, assignmentsIn(text))
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new SettingsError(`${file}: ${error.message}`, { cause: error })
  }
}

/** @throws RangeError */
function assignmentsIn(text: string): Map<string, string> {
  const values = new Map<string, string>()
  const start = /[ \t]*(?:(?:[#;][^\n]*)?(?:\n|$)|(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)=)/y
  for (let at = 0; at < text.length; ) {
    start.lastIndex = at
    const found = start.exec(text)
    if (!found) {
      const line = text.slice(at).split('\n', 1)[0] ?? ''
      throw new RangeError(`expected NAME=VALUE, got ${JSON.stringify(line.slice(0, 80))}`)
    }
    at = start.lastIndex
    const [, name] = found
    if (name === undefined) continue
    const { value, next } = readValue(text, at)
    values.set(name, value)
    at = next
  }
  return values
}

/** @throws RangeError */
function settingsFrom(name: string, file: string, values: ReadonlyMap<string, string>): Settings {
  const words = (setting: string) => {
    try {
      return splitWords(values.get(setting) ?? '')
    } catch (error) {
      throw error instanceof RangeError ? new RangeError(`${setting}: ${error.message}`) : error
    }
  }
  const others: Record<string, string> = {}
  for (const [setting, value] of values) {
    if (NAMES.includes(setting)) continue
    const meant = nearest(setting, NAMES)
    if (meant !== undefined) throw new RangeError(`unknown setting ${setting} (did you mean ${meant}?)`)
    others[setting] = value
  }
  const [files, journal, parser, filter] = [words('LOG'), words('JOURNAL'), words('PARSER'), words('FILTER')]
  const bus = words('BUS')
  if (files.length === 0 && journal.length === 0 && bus.length === 0)
    throw new RangeError(
      'expected LOG with the log of the app, JOURNAL, or BUS for the bans of a fleet, got none',
    )
  if (parser.length > 0 && words('PARSE').length > 0)
    throw new RangeError(
      'PARSE holds options of uwsgi-parse, in whose place PARSER is: give its arguments there',
    )
  const replay = values.get('REPLAY') || DEFAULT_REPLAY
  if (!/^\d{1,9}$/.test(replay))
    throw new RangeError(`REPLAY: expected a number of lines, got ${JSON.stringify(replay)}`)
  return {
    ...{ name, file, others, replay, bus },
    log: journal.length > 0 ? { journal } : files.length > 0 ? { files } : 'fleet',
    parser: parser.length > 0 ? parser : undefined,
    filter: filter.length > 0 ? filter : undefined,
    parse: words('PARSE'),
    window: words('WINDOW'),
    ban: words('BAN'),
    since: values.get('SINCE') || DEFAULT_SINCE,
  }
}
