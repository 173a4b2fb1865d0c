import { problemName } from '../wire/problem.js'
import type { BanRecord, HeldRecord, ProblemRecord } from '../wire/record.js'

/** What people are told of: bans, those that are held back, about which they may decide, and what needs a person. */
export type Told = BanRecord | HeldRecord | ProblemRecord

export function problemText(problem: ProblemRecord): string {
  const name = problemName(problem)
  return problem.until === undefined ? `${name}: ${problem.reason}` : name
}
