import type { Option, Usage } from '../cli/options/option.js'

/** What a shell can offer for a value. */
export type Offer =
  | 'files'
  | 'folders'
  | 'programs'
  | 'devices'
  /** `@FILE`, where a value may be in a file */
  | 'at-file'
  | readonly string[]

/** By what the help calls a value. */
const OFFERS: Readonly<Record<string, Offer>> = {
  FILE: 'files',
  SOCKET: 'files',
  DIR: 'folders',
  COMMAND: 'programs',
  PROGRAM: 'files',
  DEVICE: 'devices',
  CIDR: 'at-file',
  URL: 'at-file',
}

/** What can be offered for an option's value; nothing for a number or a name. */
export function offerOf({ value = '', words }: Option<unknown>): Offer | undefined {
  return words ?? OFFERS[value]
}

/** The options of a command as `--name`, each with what it is; aliases stand for themselves. */
export function dashed({ options }: Usage): (readonly [string, Option<unknown>])[] {
  return Object.entries(options).flatMap(([name, option]) =>
    [name, ...(option.aliases ?? [])].map(one => [`--${one}`, option] as const),
  )
}
