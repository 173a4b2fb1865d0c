import type { Frequent } from './frequent.js'
import { NewestAnswer } from './newest-answer.js'

/** Details of an address with failures. */
export interface FailingAddress {
  /** failures with a 5xx status */
  serverErrors: number
  /** times of the first and the newest failure, in milliseconds since 1970 */
  first: number
  newest: number
  /** of the newest failure */
  answer: NewestAnswer
  agent?: string
}

/** @param left what another address has left behind */
export function freshAddress(left?: FailingAddress): FailingAddress {
  const answer = left?.answer ?? new NewestAnswer()
  return { serverErrors: 0, first: Number.POSITIVE_INFINITY, newest: Number.NEGATIVE_INFINITY, answer }
}

/** An address as it is shown. */
export interface AddressRow extends Frequent<FailingAddress> {
  bans: number
  /** to which network it belongs, where there is a table that has it */
  network: string | undefined
}

/** Details of a path with failures. */
export interface FailingPath {
  serverErrors: number
  newest: number
}
