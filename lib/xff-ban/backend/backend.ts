import { EXIT, ExitError } from '../../exit.js'
import type { Ban } from '../jail/ban.js'

/** The name of a jail that is given none: one that somebody tries by hand. */
export const DEFAULT_NAME = 'xff-ban'

/** How many changes wait for a backend that carries out all of them in one go. */
export const MANY_CHANGES = 20_000

/** One step of enforcement, in the order in which it was decided. */
export type Change = { ban: Ban } | { unban: string }

/** Where bans are that no two jails may keep there at the same time. */
export interface Place {
  /** `file`: one that is replaced; `kernel`: names in this network namespace */
  kind: 'folder' | 'file' | 'kernel'
  /** by which it was chosen */
  option: string
  value: string
  /** in the kernel, where they are other ones than `value` */
  names?: readonly string[]
}

/**
 * What enforces the bans. All of it is told in whole sets and lists of changes, so that a backend can
 * carry out any number of them in one transaction. A failure is thrown as `BackendError`.
 */
export interface Backend {
  /** as the messages name it */
  readonly name: string
  /** what it has for itself alone; none where others may act on it as well */
  readonly place?: Place
  /** how many changes it carries out at once; undefined: each takes its time, so that a thousand are enough to wait for it */
  readonly atOnce?: number
  /** what it has chosen when it opened, where it does */
  way?(): string
  /** The likely cause when a banned address goes on failing, for people; none where it is expected to. */
  readonly hint?: string
  /** Why it cannot enforce a ban of this address or prefix; undefined when it can. */
  refuses(ip: string): string | undefined
  /** Whether a ban of a prefix leaves out what must not be banned inside it; else it is to be refused. */
  makesHoles?(): boolean
  /** What banned prefixes leave out has changed. */
  holesChanged?(): Promise<void>
  /** Takes over: exactly these bans are enforced from now on, whatever an earlier run left behind. */
  open(bans: readonly Ban[]): Promise<void>
  /** Carries out changes to the set. A ban of an ip already banned replaces it, an unknown unban is nothing. */
  apply(changes: readonly Change[]): Promise<void>
  /**
   * Checks that all bans are still enforced, and restores what others have taken away.
   * @returns what was missing or wrong, for people to read; undefined when all is well
   */
  reconcile(): Promise<string | undefined>
  /** Whether something has happened for which `reconcile` should be called at once; it is asked each second, and cheap. */
  alarmed?(): boolean
  /** Calls back when something has happened for which `reconcile` should be called at once. @returns ends that */
  watch?(onEvent: () => void): () => void
  /** The command is to end: no pause is long from now on. */
  hurry?(): void
  /** Removes every trace. */
  flush(): Promise<void>
  /**
   * How often each ban in force was hit; one that was never hit may be left out.
   * @returns undefined where that is not counted
   */
  hits?(): Promise<Map<string, Hits> | undefined>
}

export interface Hits {
  /** requests stopped since the ban began */
  hits: number
  /** when the last one was, in milliseconds since 1970 */
  last: number
}

/** Carries out changes on what is in force, by address. */
export function applyTo(inForce: Map<string, Ban>, changes: readonly Change[]): void {
  for (const change of changes) {
    if ('ban' in change) inForce.set(change.ban.ip, change.ban)
    else inForce.delete(change.unban)
  }
}

/** The enforcement point cannot be used: exit code 69 (EX_UNAVAILABLE). */
export class BackendError extends ExitError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, EXIT.unavailable, options)
  }
}
