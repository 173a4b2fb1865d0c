import { BackendError } from './backend/backend.js'
import type { Enforcement } from './backend/enforcement.js'
import type { Batch } from './jail/batch.js'
import type { Decider, Pending } from './jail/decide.js'
import { createBacklog } from './journal/backlog.js'
import type { Journal } from './journal/journal.js'

/**
 * How a transaction ended:
 * - `done`: enforced, journaled and emitted
 * - `disk full`: enforced; it waits for the journal, and the next transaction tries again
 * - `backend down`: journaled, as far as the disk allows; the command is to end, and the backend was given up
 */
export type Result = 'done' | 'disk full' | 'backend down'

export interface Options {
  decider: Decider
  enforcement: Enforcement
  journal: Journal
  /** writes a record to stdout */
  emit: (record: Batch['carriedOut'][number]) => void
  warn: (message: string) => void
}

/** One batch after the other: decide, enforce, journal, emit, in this order; it has no timers. */
export interface Transactions {
  /** Carries out what the start comes to: the bans that ended while no process ran. */
  begin: (batch: Batch) => Promise<Result>
  /** @param reconcile whether the backend is to be checked as well */
  run: (pending: readonly Pending[], reconcile: boolean) => Promise<Result>
  /** how many records wait for the disk */
  waiting: () => number
  /** why what is still waiting waits; undefined when all is done */
  failure: () => Error | undefined
}

/**
 * A crash before the journal is as if the orders had not come; after it, they are duplicates for a replay.
 */
export function createTransactions(options: Options): Transactions {
  const { decider, enforcement, journal, emit, warn } = options
  const backlog = createBacklog(journal, warn)
  let givenUp: BackendError | undefined

  const carryOut = async (batch: Batch, reconcile: boolean): Promise<Result> => {
    const enforced = await enforce(enforcement, batch, reconcile)
    // what the backend could not take goes into the journal first: no crash meanwhile can lose it
    backlog.add(batch)
    const journaled = await backlog.write()
    if (!enforced) givenUp = await recovered(enforcement)
    if (givenUp) return 'backend down'
    if (!journaled) return 'disk full'
    const { carriedOut, replies } = backlog.take()
    for (const record of carriedOut) emit(record)
    for (const reply of replies) reply()
    const warning = await journal.tidy()
    if (warning !== undefined) warn(warning)
    return 'done'
  }

  return {
    begin: batch => carryOut({ ...batch, changes: [], moved: false, holes: false }, false),
    run: (pending, reconcile) => carryOut(decider.decide(pending), reconcile),
    waiting: backlog.size,
    failure: () => givenUp ?? backlog.failure(),
  }
}

/** @returns whether all that is in force is enforced */
async function enforce(enforcement: Enforcement, batch: Batch, reconcile: boolean): Promise<boolean> {
  const applied = await enforcement.apply(batch.changes)
  const reholed = batch.holes ? await enforcement.reholed() : applied
  const enforced = batch.moved ? await enforcement.applyAll() : reholed
  return enforced && reconcile ? await enforcement.reconcile() : enforced
}

/** @returns why the backend was given up; undefined when it works again */
async function recovered(enforcement: Enforcement): Promise<BackendError | undefined> {
  try {
    await enforcement.recover()
    return undefined
  } catch (error) {
    if (error instanceof BackendError) return error
    throw error
  }
}
