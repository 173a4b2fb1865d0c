import yargs from 'yargs'
import pkg from '../../package.json' with { type: 'json' }
import { EXIT } from './run.js'
import { quote } from './values.js'

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
