/** A line that could not be used: an event to count and show, never an exception. */
export interface Fault {
  /** which line of the input, from 1 */
  line: number
  /** what is wrong with it, the same words for all faults of a kind: `not JSON` */
  kind: string
  /** the line itself */
  text: string
}

/** Takes the faults of a stage; the stage goes on with the next line. */
export type Report = (fault: Fault) => void
