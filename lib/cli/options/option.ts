import { type ParseValue, quote } from './values.js'

/** One option of a command: parser, help, manual, completion and default in one place. */
export interface Option<T> {
  describe: string
  /** what the value is, for the help: `N`, `SECONDS`, `FILE`; none for a flag */
  placeholder?: string
  /** the only values there are, where they are few */
  choices?: readonly string[] | undefined
  repeatable?: boolean
  /** the only backend that has this option */
  only?: string
  aliases?: readonly string[]
  /** how the default reads in the help, if it is not the option's default text */
  defaultText?: string
  /** reads the texts given on the command line, none when the option is absent; throws RangeError */
  parse: (given: readonly string[]) => T
}

/** A way to call a command with words besides its options. */
export interface Call {
  /** these words: `unban IP...` */
  call: string
  describe: string
  /** what may follow the first word, where a shell can complete it */
  completes?: 'banned addresses'
}

/** How a command is used: what its parser, --help, manual page and completion are made of. */
export interface Usage {
  command: string
  /** in one line, what it reads and what it writes */
  describe: string
  /** what it does with a word in front; without one it is a filter */
  subcommands?: readonly Call[]
  /** what holds for all of these */
  subcommandsNote?: string
  /** how it is called with the name of a file */
  file?: Call
  options: Readonly<Record<string, Option<unknown>>>
}

export type Values<O> = { [K in keyof O]: O[K] extends Option<infer T> ? T : never }

/** What an option is, as the help says it. */
export function describeOption({ describe, only, repeatable }: Option<unknown>): string {
  return `${only === undefined ? '' : `${only}: `}${describe}${repeatable ? ' (repeatable)' : ''}`
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
