import type { NewestAnswer } from './newest-answer.js'

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

/** Details of a path with failures. */
export interface FailingPath {
  serverErrors: number
  newest: number
}
