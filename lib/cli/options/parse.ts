import type { Argv } from 'yargs'
import pkg from '../../../package.json' with { type: 'json' }
import { EXIT, ExitError } from '../../exit.js'
import { nearest } from '../../text/nearest.js'
import { nameOf, type Option, subcommandOf, type Usage, type Values } from './option.js'
import { quote } from './values.js'

const DEFAULT_COLUMNS = 80
/** Longer lines are hard to read. */
const MAX_COLUMNS = 110

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
  const { options } = usage
  if (await answered(usage, argv)) return null
  // most filters run without any option, and yargs is a fifth of the start-up
  if (argv.length === 0) return { words: [], given: readOptions(options, {}) }
  const { default: yargs } = await import('yargs')
  const parser = yargs().help(false).version(false).locale('en').exitProcess(false).parserConfiguration({
    'boolean-negation': false,
    'camel-case-expansion': false,
    'dot-notation': false,
    'parse-numbers': false,
    'parse-positional-numbers': false,
    'short-option-groups': false,
  })
  for (const [name, { placeholder, aliases = [] }] of Object.entries(options)) {
    const type = placeholder === undefined ? 'boolean' : 'string'
    parser.option(name, { alias: [...aliases], type, requiresArg: type === 'string' })
  }
  const { words, given } = await parseStrictly(parser, argv, options)
  if (!usage.sharesOptions) refuseStray(usage, words, given)
  return { words, given: readOptions(options, given) }
}

/** Writes the help or the version to stdout, where that is asked for; yargs would need twice the time. */
async function answered(usage: Usage, argv: readonly string[]): Promise<boolean> {
  const isWord = argv[0] === 'help' && !usage.file
  if (isWord || argv.some(word => word === '--help' || word === '-h')) {
    const { helpText } = await import('./help.js')
    const { columns = DEFAULT_COLUMNS } = process.stdout
    console.log(helpText(usage, isWord ? argv.slice(1) : argv, Math.min(columns, MAX_COLUMNS)).trimEnd())
    return true
  }
  if (!argv.includes('--version')) return false
  console.log(pkg.version)
  return true
}

/** @throws UsageError for an option that goes with other subcommands than the one that is called */
function refuseStray(usage: Usage, words: readonly string[], given: Record<string, unknown>): void {
  const called = subcommandOf(usage, words)
  const name = called && nameOf(called)
  if (!called && words.length > 0) return
  for (const [option, { verbs }] of Object.entries(usage.options)) {
    if (!verbs || (name !== undefined && verbs.includes(name)) || !Object.hasOwn(given, option)) continue
    throw new UsageError(
      `--${option}: expected ${verbs.join(', ').replace(/, ([^,]*)$/, ' or $1')} with it, got ${name ?? 'none'}`,
    )
  }
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
  const known = new Set(Object.keys(options))
  for (const { aliases = [] } of Object.values(options)) for (const alias of aliases) known.add(alias)
  const unknown = Object.keys(given).find(name => !known.has(name))
  const valueless = /^Not enough arguments following: (.*)/.exec(failure ?? '')?.[1]
  if (unknown !== undefined) {
    const meant = nearest(unknown, ['help', 'version', ...known])
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
