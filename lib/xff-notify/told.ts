import type { AnyRecord, BanRecord, HeldRecord, ProblemRecord } from '../wire/record.js'

/** What people are told of: bans, those that are held back, about which they may decide, and what needs a person. */
export type Told = BanRecord | HeldRecord | ProblemRecord

export function isTold(record: AnyRecord): record is Told {
  return record.type === 'ban' || record.type === 'held' || record.type === 'problem'
}

/** What each kind of problem is called. */
const KINDS: ReadonlyMap<string, string> = new Map([
  ['backend', 'bans cannot be enforced'],
  ['ineffective', 'bans have no effect'],
  ['blind', 'the log is silent'],
])

/** A problem in a few words. */
export function problemName({ kind, until }: ProblemRecord): string {
  const name = KINDS.get(kind) ?? kind
  return until === undefined ? name : `over: ${name}`
}

export function problemText(problem: ProblemRecord): string {
  const name = problemName(problem)
  return problem.until === undefined ? `${name}: ${problem.reason}` : name
}
