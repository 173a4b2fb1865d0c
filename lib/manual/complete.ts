import type { Call, Option, Usage } from '../cli/options/option.js'

/** What a shell can offer for a value. */
export type Offer = OfferKind | readonly string[]

export type OfferKind =
  | 'files'
  | 'folders'
  | 'programs'
  | 'devices'
  /** `@FILE`, where a value may be in a file */
  | 'at-file'

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
export function offerFor({ placeholder = '', choices }: Option<unknown>): Offer | undefined {
  return choices ?? OFFERS[placeholder]
}

/** The options of a command as `--name`, each with what it is; aliases stand for themselves. */
export function dashed({ options }: Usage): (readonly [string, Option<unknown>])[] {
  return Object.entries(options).flatMap(([name, option]) =>
    [name, ...(option.aliases ?? [])].map(one => [`--${one}`, option] as const),
  )
}

/** The first words of the subcommands, and those of them which banned addresses may follow. */
export function subcommandNames({ subcommands = [] }: Usage): { all: string[]; ofBanned: string[] } {
  const name = ({ call }: Call) => call.replace(/ .*/, '')
  return {
    all: [...new Set(subcommands.map(name))],
    ofBanned: subcommands.filter(({ completes }) => completes === 'banned addresses').map(name),
  }
}
