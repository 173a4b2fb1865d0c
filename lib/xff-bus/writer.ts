/** Appends records to a log of the broker, each once, however often it is started. */
export interface Writer {
  /** Reads where it was, or what others have written already. Before the first `write`. */
  open: () => Promise<void>
  /** Takes whole lines, and keeps none of these bytes. Waits while there is no room for more. */
  write: (block: Buffer) => Promise<void>
  end: () => Promise<void>
  /** fails with what storing has failed with; else never ends */
  failing: Promise<never>
  tally: WriterTally
  /** how many records wait */
  waiting: () => number
  /** when nothing waited that had come before, in milliseconds since 1970 */
  current: () => number
}

export interface WriterTally extends SendingTally {
  /** records that are stored */
  written: number
  /** records that were stored before, by whomever */
  known: number
}

export interface SendingTally {
  batches: number
  /** how often a batch was tried again */
  retries: number
  /** how much of it the broker had confirmed and lost, so that it was written again: batches of requests, decisions */
  again: number
}
