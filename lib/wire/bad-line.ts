/** A line of the input that could not be used: it is counted and shown, and never stops the stream. */
export interface BadLine {
  /** its number in the input, from 1 */
  line: number
  /** what is wrong with it, the same words for all lines of a kind: `not JSON` */
  kind: string
  /** the line itself */
  text: string
}

/** Is called for each bad line of a stage, which then goes on with the next line. */
export type OnBadLine = (badLine: BadLine) => void
