import { type ParseValue, quote } from './values.js'

/** One option of a command: parser, help, manual, completion and default in one place. */
export interface Option<T> {
  describe: string
  /** what the value is, for the help: `N`, `SECONDS`, `FILE`; none for a flag */
  placeholder?: string
  /** the only values there are, where they are few */
  choices?: readonly string[] | undefined
  repeatable?: boolean
  /** the heading below which the help has it */
  group?: string
  /** the subcommands that it goes with; none: it goes with no subcommand, or with those that take it */
  verbs?: readonly string[]
  aliases?: readonly string[]
  /** how the default reads in the help, if it is not the option's default text */
  defaultText?: string
  /** reads the texts given on the command line, none when the option is absent; throws RangeError */
  parse: (given: readonly string[]) => T
}

/** A line to type, and what it does. */
export type Example = readonly [line: string, does: string]

/** A way to call a command with words besides its options. */
export interface Call {
  /** these words: `unban IP...` */
  call: string
  describe: string
  /** what may follow the first word, where a shell can complete it */
  completes?: 'banned addresses'
  /** the options that it takes of those that are for no subcommand; undefined: all of them */
  takes?: readonly string[]
  examples?: readonly Example[]
}

/** How a command is used: what its parser, --help, manual page and completion are made of. */
export interface Usage {
  command: string
  /** in one line, what it reads and what it writes */
  describe: string
  /** what it does with a word in front */
  subcommands?: readonly Call[]
  /** what holds for all of these */
  subcommandsNote?: string
  /** whether it does nothing without one of these; or else it is a filter then */
  needsSubcommand?: boolean
  /** whether a subcommand is also given the options of others, as where one setting holds those of all */
  sharesOptions?: boolean
  /** how it is called with the name of a file */
  file?: Call
  options: Readonly<Record<string, Option<unknown>>>
  examples: readonly Example[]
}

export type Values<O> = { [K in keyof O]: O[K] extends Option<infer T> ? T : never }

type Options = Readonly<Record<string, Option<unknown>>>

/** These options below a heading of the help; all of them go with these subcommands, if any are named. */
export function group<O extends Options>(heading: string, options: O, verbs?: readonly string[]): O {
  const grouped = Object.entries(options).map(([name, option]) => [
    name,
    { ...option, group: heading, ...(verbs ? { verbs } : {}) },
  ])
  return Object.fromEntries(grouped)
}

/** An option that goes with these subcommands only. */
export function goesWith<T>(verbs: readonly string[], option: Option<T>): Option<T> {
  return { ...option, verbs }
}

/** The words of a call that are always the same: `read bans` of `read bans`, `unban` of `unban IP...`. */
export function nameOf({ call }: Call): string {
  return /^[a-z]+(?: [a-z]+)*/.exec(call)?.[0] ?? call
}

/** The subcommand that these words call; undefined where none begins so. */
export function subcommandOf({ subcommands = [] }: Usage, words: readonly string[]): Call | undefined {
  return subcommands.find(call => {
    const name = nameOf(call)
    return words.slice(0, name.split(' ').length).join(' ') === name
  })
}

/** Options below one heading, each with what the help says of it. */
export interface Group {
  heading: string
  options: (readonly [name: string, option: Option<unknown>, text: string])[]
}

/** Those of all options, in their order; each text begins with the subcommands that it goes with, where they differ. */
export function groupsOf(options: Options): Group[] {
  const groups = new Map<string, [string, Option<unknown>][]>()
  for (const [name, option] of Object.entries(options)) {
    const { group = 'Options' } = option
    groups.set(group, [...(groups.get(group) ?? []), [name, option]])
  }
  return [...groups].map(([heading, entries]) => {
    const isShared = new Set(entries.map(([, { verbs = [] }]) => verbs.join())).size === 1
    return {
      heading,
      options: entries.map(([name, option]) => {
        const { verbs, defaultText } = option
        const before = isShared || !verbs ? '' : `${verbs.join(', ')}: `
        const fallback = defaultText === undefined ? '' : ` (default: ${defaultText})`
        return [name, option, before + describeOption(option) + fallback]
      }),
    }
  })
}

/** What an option is, as the help and the shells say it. */
export function describeOption({ describe, repeatable }: Option<unknown>): string {
  return describe + (repeatable ? ' (repeatable)' : '')
}

/** A flag: given or not. */
export function flag(describe: string): Option<boolean> {
  return { describe, parse: given => given.length > 0 }
}

/** An option that takes one value and may be given once. */
export function single<T>(
  placeholder: string,
  describe: string,
  read: ParseValue<T>,
  fallback?: string,
  aliases: readonly string[] = [],
): Option<T | undefined> {
  return {
    describe,
    placeholder,
    choices: read.choices,
    aliases,
    ...(fallback === undefined ? {} : { defaultText: fallback }),
    parse: given => {
      const text = onlyOne(given) ?? fallback
      return text === undefined ? undefined : read(text)
    },
  }
}

/** `single` with a default, so that there is always a value. */
export function defaulted<T>(
  placeholder: string,
  describe: string,
  read: ParseValue<T>,
  fallback: string,
  aliases: readonly string[] = [],
): Option<T> {
  return {
    ...single(placeholder, describe, read, fallback, aliases),
    parse: given => read(onlyOne(given) ?? fallback),
  }
}

function onlyOne(given: readonly string[]): string | undefined {
  if (given.length > 1) throw new RangeError(`expected one value, got ${given.map(quote).join(' and ')}`)
  return given[0]
}

/** An option that may be given many times. */
export function repeated<T>(
  placeholder: string,
  describe: string,
  read: ParseValue<T>,
  defaultText?: string,
): Option<T[]> {
  return {
    describe,
    repeatable: true,
    placeholder,
    choices: read.choices,
    ...(defaultText === undefined ? {} : { defaultText }),
    parse: given => given.map(read),
  }
}
