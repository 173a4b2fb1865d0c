/**
 * What is asked of a broker: two logs, one of requests and one of bans, that many append to and read. Whatever has an
 * append that is refused where others were faster can be one; what makes the fleet exact stands on this side of it.
 */
export interface Broker {
  /**
   * The newest batch of a writer, as somebody knows it: a replica that is behind may have answered, so that only an append
   * proves that it is the newest. Asks until there is an answer.
   * @throws ExitError where it is forbidden
   */
  newestOf: (topic: Topic, from: string) => Promise<Stored | undefined>
  /**
   * Stores a batch if the newest is the one that is expected, of this writer or of all; 0: there is none.
   * @returns `undefined` where nobody answered: it may be stored, or not
   * @throws ExitError where it is forbidden
   */
  append: (topic: Topic, from: string, batch: Batch, behind: Behind) => Promise<Appended | undefined>
  /** Reads a log in order, from a time on, for ever or up to its present end; for few readers of much. */
  follow: (topic: Topic, reading: Reading & { isToEnd: boolean }) => Promise<void>
  /** The same for many readers of little. */
  listen: (topic: Topic, reading: Reading & { isToEnd: boolean }) => Listener
  /** Makes the two logs, or changes them. @throws ExitError */
  setup: (sizes: Sizes) => Promise<void>
  /** How the logs are. @throws ExitError */
  status: () => Promise<readonly LogStatus[]>
  /** Who has written to a log. @throws ExitError */
  writers: (topic: Topic) => Promise<readonly string[]>
  /** how often the connection was lost */
  reconnects: () => number
  isConnected: () => boolean
  /** fails when it does not want us any more, also while nothing is asked of it; else never ends */
  gone: Promise<never>
  close: () => Promise<void>
}

export type Topic = 'requests' | 'bans'

/** Some lines, packed, and what is said of them. */
export interface Batch {
  headers: ReadonlyMap<string, string>
  payload: Buffer
}

export interface Stored extends Batch {
  /** its number in the log, from 1 on */
  seq: number
  /** the name of its writer, which the broker vouches for */
  from: string
  /** when the broker got it, in milliseconds since 1970; NaN where that is not told */
  at: number
}

export type Behind = { ofWriter: number } | { ofAll: number }

/** It is stored; or not, as another batch is the newest (NaN: which one is not told). */
export type Appended = { seq: number } | { newest: number }

export interface Reading {
  /** milliseconds since 1970 */
  since: number
  /** @returns how many batches to go back and read again */
  take: (batch: Stored) => undefined | number | Promise<undefined | number>
  /** the log was made anew: what was known of its batches is over */
  onNewLog: () => void
  /** Is told whenever all is taken that is stored, and again every few seconds while nothing comes. */
  onCurrent?: () => void
  signal: AbortSignal
}

export interface Listener {
  /** ends with the reading */
  done: Promise<void>
  /**
   * All is read that was stored when it began; fails where `done` does.
   * @returns the number of the newest batch, and when the broker got it; 0 and NaN where there was none
   */
  caughtUp: Promise<{ seq: number; at: number }>
  /** Looks whether there is more: what was told may have been missed. */
  look: () => void
}

export interface Sizes {
  replicas: number
  /** how long requests and bans are kept, in seconds */
  keepRequests: number
  keepBans: number
  /** how many bytes of requests are kept */
  requestBytes: number
}

export interface LogStatus {
  topic: Topic
  batches: number
  bytes: number
  /** the oldest and the newest batch, in milliseconds since 1970; NaN where there is none */
  oldest: number
  newest: number
  replicas: number
  /** of the other replicas: their names, and whether they are up to date */
  others: readonly { name: string; isCurrent: boolean }[]
  /** the readers with a place of their own: the name of each, and how many batches it has not read yet */
  readers: readonly { name: string; pending: number }[]
}
