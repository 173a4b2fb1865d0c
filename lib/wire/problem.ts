import type { ProblemRecord } from './record.js'

/** What each kind of problem is, for people. */
const KINDS: ReadonlyMap<string, string> = new Map([
  ['backend', 'bans cannot be enforced'],
  ['ineffective', 'bans have no effect'],
  ['blind', 'the log is silent'],
])

/** A kind of problem in a few words; one that is not known here as it is. */
export function kindName(kind: string): string {
  return KINDS.get(kind) ?? kind
}

/** A problem in a few words, and whether it is over. */
export function problemName({ kind, until }: Pick<ProblemRecord, 'kind' | 'until'>): string {
  return `${until === undefined ? '' : 'over: '}${kindName(kind)}`
}
