import { quote, type Read } from './values.js'

/** One option of a command: parser, help, manual, completion and default in one place. */
export interface Option<T> {
  describe: string
  /** what the value is, for the help: `N`, `SECONDS`, `FILE`; none for a flag */
  value?: string
  /** the only values there are, where they are few */
  words?: readonly string[] | undefined
  aliases?: readonly string[]
  /** how the default reads in the help, if it is not the option's default text */
  defaultText?: string
  /** reads the texts given on the command line, none when the option is absent; throws RangeError */
  parse: (given: readonly string[]) => T
}

/** How a command is used: what its parser, --help, manual page and completion are made of. */
export interface Usage {
  command: string
  /** in one line, what it reads and what it writes */
  describe: string
  /** how words besides options are used, for the help */
  forms?: string
  /** the words that may come first, where they are few */
  verbs?: readonly string[]
  /** those of them behind which banned addresses stand */
  lifting?: readonly string[]
  /** whether its words are names of files */
  files?: boolean
  options: Readonly<Record<string, Option<unknown>>>
}

export type Values<O> = { [K in keyof O]: O[K] extends Option<infer T> ? T : never }

/** A flag: given or not. */
export function flag(describe: string): Option<boolean> {
  return { describe, parse: given => given.length > 0 }
}

/** An option that takes one value and may be given once. */
export function single<T>(
  value: string,
  describe: string,
  read: Read<T>,
  fallback?: string,
  aliases: readonly string[] = [],
): Option<T | undefined> {
  return {
    describe,
    value,
    words: read.words,
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
  read: Read<T>,
  fallback: string,
  aliases: readonly string[] = [],
): Option<T> {
  return single(value, describe, read, fallback, aliases) as Option<T>
}

/** An option that may be given many times. */
export function repeated<T>(
  value: string,
  describe: string,
  read: Read<T>,
  defaultText?: string,
): Option<T[]> {
  return {
    describe: `${describe} (repeatable)`,
    value,
    words: read.words,
    ...(defaultText === undefined ? {} : { defaultText }),
    parse: given => given.map(read),
  }
}
