import type { Argv } from 'yargs'
import pkg from '../../../package.json' with { type: 'json' }
import { EXIT, ExitError } from '../../exit.js'
import { nearest } from '../../text/nearest.js'
import { describeOption, type Option, type Usage, type Values } from './option.js'
import { quote } from './values.js'

/** A wrong option: its message names the option and quotes the value. */
export class UsageError extends ExitError {
  constructor(message: string) {
    super(message, EXIT.usage)
  }
}

/**
 * Reads the command line.
 * @returns the values, or `null` when it asked for help or the version, which is then on stdout
 * @throws UsageError
 */
export async function parseOptions<O extends Record<string, Option<unknown>>>(
  usage: Usage & { options: O },
  argv: readonly string[],
): Promise<Values<O> | null> {
  const parsed = await parseWords(usage, argv)
  const word = parsed?.words[0]
  if (word !== undefined) throw new UsageError(`expected options only, got ${quote(word)}`)
  return parsed ? parsed.given : null
}

/**
 * Reads the command line of a command that takes words besides its options, in any order.
 * @returns the words as given and the values of the options, or `null` as `parseOptions`
 * @throws UsageError
 */
export async function parseWords<O extends Record<string, Option<unknown>>>(
  usage: Usage & { options: O },
  argv: readonly string[],
): Promise<{ words: string[]; given: Values<O> } | null> {
  const { command, describe, options } = usage
  // most filters run without any option, and yargs is a fifth of the start-up
  if (argv.length === 0) return { words: [], given: readOptions(options, {}) }
  const { default: yargs } = await import('yargs')
  const parser = yargs()
    .scriptName(command)
    .usage(`$0 [options]\n\n${describe}`)
    .version(pkg.version)
    .locale('en')
    .epilog(describeCalls(usage))
    .exitProcess(false)
    .showHelpOnFail(false)
    .wrap(process.stdout.columns ? Math.min(110, process.stdout.columns) : 80)
    .parserConfiguration({
      'boolean-negation': false,
      'camel-case-expansion': false,
      'dot-notation': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'short-option-groups': false,
    })
  for (const [name, option] of Object.entries(options)) {
    const { placeholder, aliases = [], defaultText } = option
    parser.option(name, {
      describe: (placeholder ? `${placeholder}: ` : '') + describeOption(option),
      alias: [...aliases],
      ...(placeholder === undefined
        ? { type: 'boolean' as const }
        : {
            type: 'string' as const,
            requiresArg: true,
            ...(defaultText ? { defaultDescription: defaultText } : {}),
          }),
    })
  }
  const { words, given } = await parseStrictly(parser, argv, options)
  if (given.help || given.version) return null
  return { words, given: readOptions(options, given) }
}

/** The calls with words besides options, as the help ends with them. */
function describeCalls({ command, subcommands = [], subcommandsNote, file }: Usage): string {
  const calls = file ? [...subcommands, file] : subcommands
  const width = Math.max(...calls.map(({ call }) => call.length))
  const lines = calls.map(({ call, describe }) => `  ${command} ${call.padEnd(width)}     ${describe}`)
  return [subcommandsNote ?? [], lines].flat().join('\n')
}

async function parseStrictly(
  parser: Argv,
  argv: readonly string[],
  options: Record<string, Option<unknown>>,
): Promise<{ words: string[]; given: Record<string, unknown> }> {
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
  if (unknown !== undefined) {
    const meant = nearest(unknown, [...known])
    const hint = meant === undefined ? '--help shows them all' : `did you mean ${dashed(meant)}?`
    throw new UsageError(`unknown option ${quote(dashed(unknown))} (${hint})`)
  }
  if (valueless !== undefined) throw new UsageError(`${dashed(valueless)}: expected a value, got none`)
  if (failure !== undefined) throw new UsageError(failure)
  return { words: words.map(String), given }
}

function dashed(name: string): string {
  return name.length === 1 ? `-${name}` : `--${name}`
}

function readOptions<O extends Record<string, Option<unknown>>>(
  options: O,
  given: Record<string, unknown>,
): Values<O> {
  const values = Object.entries(options).map(([name, option]) => {
    const texts = given[name] === undefined || given[name] === false ? [] : [given[name]].flat().map(String)
    return [name, checked(`--${name}: `, () => option.parse(texts))]
  })
  return Object.fromEntries(values) as Values<O>
}

/** What `read` returns; where it throws a RangeError, that is a wrong option. */
export function checked<T>(prefix: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw asUsage(prefix, error)
  }
}

/** The same for what takes a while. */
export async function checkedLater<T>(prefix: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    throw asUsage(prefix, error)
  }
}

function asUsage(prefix: string, error: unknown): unknown {
  return error instanceof RangeError ? new UsageError(prefix + error.message) : error
}
