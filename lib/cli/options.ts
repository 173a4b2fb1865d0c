import { readFileSync } from 'node:fs'
import yargs from 'yargs'
import pkg from '../../package.json' with { type: 'json' }
import { compileRanges } from '../net/ranges.js'
import { EXIT } from './run.js'

/** A wrong option: its message names the option and quotes the value. */
export class UsageError extends Error {
  readonly exitCode = EXIT.usage
}

/** One option of a command: parser, help and default in one place. */
export interface Option<T> {
  describe: string
  /** what the value is, for the help: `N`, `SECONDS`, `FILE`; none for a flag */
  value?: string
  aliases?: readonly string[]
  /** how the default reads in the help, if it is not the option's default text */
  defaultText?: string
  /** reads the texts given on the command line, none when the option is absent; throws RangeError */
  parse: (given: readonly string[]) => T
}

type Values<O> = { [K in keyof O]: O[K] extends Option<infer T> ? T : never }

/** A flag: given or not. */
export function flag(describe: string): Option<boolean> {
  return { describe, parse: given => given.length > 0 }
}

/** An option that takes one value and may be given once. */
export function single<T>(
  value: string,
  describe: string,
  read: (text: string) => T,
  fallback?: string,
  aliases: readonly string[] = [],
): Option<T | undefined> {
  return {
    describe,
    value,
    aliases,
    ...(fallback === undefined ? {} : { defaultText: fallback }),
    parse: given => {
      if (given.length > 1) throw new RangeError(`expected one value, got ${given.map(quote).join(' and ')}`)
      const text = given[0] ?? fallback
      return text === undefined ? undefined : read(text)
    },
  }
}

/** `single` with a default, so that there is always a value. */
export function defaulted<T>(
  value: string,
  describe: string,
  read: (text: string) => T,
  fallback: string,
  aliases: readonly string[] = [],
): Option<T> {
  return single(value, describe, read, fallback, aliases) as Option<T>
}

/** An option that may be given many times. */
export function repeated<T>(
  value: string,
  describe: string,
  read: (text: string) => T,
  defaultText?: string,
): Option<T[]> {
  return {
    describe: `${describe} (repeatable)`,
    value,
    ...(defaultText === undefined ? {} : { defaultText }),
    parse: given => given.map(read),
  }
}

/** A whole number between two bounds. */
export function whole(from: number, to: number): (text: string) => number {
  return text => {
    const number = Number(text)
    if (/^\d{1,15}$/.test(text) && number >= from && number <= to) return number
    throw new RangeError(`expected a whole number from ${from} to ${to}, got ${quote(text)}`)
  }
}

/** Any text that holds something. */
export function text(given: string): string {
  if (given === '') throw new RangeError('expected a text, got ""')
  return given
}

/** A text of a given form. */
export function pattern(form: RegExp, expected: string): (text: string) => string {
  return text => {
    if (form.test(text)) return text
    throw new RangeError(`expected ${expected}, got ${quote(text)}`)
  }
}

/** One of a few words. */
export function oneOf<const W extends string>(...words: W[]): (text: string) => W {
  return text => {
    const word = words.find(one => one === text)
    if (word !== undefined) return word
    throw new RangeError(`expected ${words.join(' or ')}, got ${quote(text)}`)
  }
}

/** Words apart by blanks, of letters, digits and `_.:/=-` only: they go into a rule. */
export function words(given: string): string[] {
  const parts = given.split(' ').filter(Boolean)
  if (parts.length > 0 && parts.every(part => /^[A-Za-z0-9_.:/=-]+$/.test(part))) return parts
  throw new RangeError(`expected words of letters, digits and _.:/=-, got ${quote(given)}`)
}

/** A range like 10.0.0.0/8 or an address, or `@FILE` with one a line (blank lines and `#` comments aside). */
export function ranges(given: string): string[] {
  const listed = given.startsWith('@') ? listedIn(file(given.slice(1))) : [given]
  compileRanges(listed)
  return listed
}

function listedIn(content: string): string[] {
  return content.split('\n').flatMap(line => line.replace(/#.*/, '').trim() || [])
}

/** The content of a file that is there. */
export function file(given: string): string {
  try {
    return readFileSync(given, 'utf8')
  } catch (error) {
    throw new RangeError(`cannot read ${quote(given)}: ${(error as Error).message}`)
  }
}

/** Statuses: classes (`4xx`), codes (`404`), ranges (`500-503`), joined by commas, or `any`. */
export function statuses(given: string): (status: number) => boolean {
  const wanted = new Set<number>()
  for (const part of given.split(',')) {
    const [, digit, from, to] = /^(?:([1-9])xx|([1-9]\d\d)(?:-([1-9]\d\d))?)$/i.exec(part) ?? []
    const first = digit ? Number(digit) * 100 : Number(from)
    const last = digit ? first + 99 : Number(to ?? from)
    if (given === 'any') return () => true
    if (!(first <= last)) {
      throw new RangeError(`expected statuses like 4xx,500-503,404 or any, got ${quote(given)}`)
    }
    for (let status = first; status <= last; status++) wanted.add(status)
  }
  return status => wanted.has(status)
}

export function quote(given: string): string {
  return JSON.stringify(given)
}

/**
 * Reads the command line.
 * @returns the values, or `null` when it asked for help or the version, which is then on stdout
 * @throws UsageError
 */
export async function parseOptions<O extends Record<string, Option<unknown>>>(
  command: string,
  description: string,
  options: O,
  argv: readonly string[],
): Promise<Values<O> | null> {
  const parser = yargs()
    .scriptName(command)
    .usage(`$0 [options]\n\n${description}`)
    .version(pkg.version)
    .locale('en')
    .exitProcess(false)
    .showHelpOnFail(false)
    .wrap(process.stdout.columns ? Math.min(110, process.stdout.columns) : 100)
    .parserConfiguration({
      'boolean-negation': false,
      'camel-case-expansion': false,
      'dot-notation': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'short-option-groups': false,
    })
  for (const [name, { describe, value, aliases = [], defaultText }] of Object.entries(options)) {
    parser.option(name, {
      describe: value ? `${value}: ${describe}` : describe,
      alias: [...aliases],
      ...(value === undefined
        ? { type: 'boolean' as const }
        : {
            type: 'string' as const,
            requiresArg: true,
            ...(defaultText ? { defaultDescription: defaultText } : {}),
          }),
    })
  }
  const given = await parseStrictly(parser, argv, options)
  if (given.help || given.version) return null
  return Object.fromEntries(
    Object.entries(options).map(([name, option]) => [name, readOption(name, option, given[name])]),
  ) as Values<O>
}

async function parseStrictly(
  parser: ReturnType<typeof yargs>,
  argv: readonly string[],
  options: Record<string, Option<unknown>>,
): Promise<Record<string, unknown>> {
  let failure: string | undefined
  parser.fail((message, error) => {
    failure ??= message ?? error.message
  })
  const { _: words, $0: _, ...given } = await parser.parse([...argv])
  // yargs's own --strict lets some through (`--max.x`), and names an option without its dashes
  const known = new Set(['help', 'version', ...Object.keys(options)])
  for (const { aliases = [] } of Object.values(options)) for (const alias of aliases) known.add(alias)
  const unknown = Object.keys(given).find(name => !known.has(name))
  const valueless = /^Not enough arguments following: (.*)/.exec(failure ?? '')?.[1]
  if (unknown !== undefined)
    throw new UsageError(`unknown option ${quote(dashed(unknown))} (--help shows them all)`)
  if (valueless !== undefined) throw new UsageError(`${dashed(valueless)}: expected a value, got none`)
  if (failure !== undefined) throw new UsageError(failure)
  if (words.length > 0) throw new UsageError(`expected options only, got ${quote(String(words[0]))}`)
  return given
}

function dashed(name: string): string {
  return name.length === 1 ? `-${name}` : `--${name}`
}

function readOption(name: string, option: Option<unknown>, given: unknown): unknown {
  const texts = given === undefined || given === false ? [] : [given].flat().map(String)
  return checked(`--${name}: `, () => option.parse(texts))
}

/** What `read` returns; where it throws a RangeError, that is a wrong option. */
export function checked<T>(prefix: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(prefix + error.message)
    throw error
  }
}
