/** What not every backend can do. Each Subject says which of these its backend lacks, and why. */
export const PROMISES = {
  'bans prefixes': 'a prefix refuses all in it',
  'repairs damage': 'what others take away is put back, and reported',
  'restarts with its bans': 'an enforcement point that was restarted still has its bans',
  'ends bans by itself': 'a ban ends at its enforcement point without xff-ban',
} as const

export type Promised = keyof typeof PROMISES

/** The reason why a backend lacks a promise. */
export type Lacks = Partial<Record<Promised, string>>

/** The promise that a behaviour shows; undefined for what every backend does. */
export function promiseOf(title: string): Promised | undefined {
  const promises = Object.entries(PROMISES) as [Promised, string][]
  return promises.find(([, shownBy]) => shownBy === title)?.[0]
}
