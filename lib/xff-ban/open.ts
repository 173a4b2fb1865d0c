import type { OnBadLine } from '../wire/bad-line.js'
import { createJail, type JailOptions } from './jail/jail.js'
import { bootStoreIn, type Clocks, createClockSteps } from './journal/clock-steps.js'
import { NO_JOURNAL, openJournal } from './journal/journal.js'
import { lock, lockPlace } from './journal/lock.js'
import type { JailPaths } from './paths.js'
import { type Options, type XffBan, xffBan } from './stage.js'

export interface OpenOptions extends Omit<Options, 'jail' | 'journal' | 'clockStep'> {
  jailOptions: JailOptions
  /** undefined: for a rehearsal, which remembers nothing */
  paths: JailPaths | undefined
  clocks: Clocks
  /** our process id */
  pid: number
  onBadLine: OnBadLine
}

/**
 * Takes the journal for itself, and rebuilds the jail from it. What is enforced follows when it is opened.
 * @throws JournalError, BackendError
 */
export async function openXffBan(options: OpenOptions): Promise<XffBan> {
  const { paths, backend, jailOptions, clocks, pid, now, onBadLine, warn } = options
  const jail = createJail(jailOptions)
  if (paths) await lock(paths.lock, pid, warn)
  if (backend.place) await lockPlace(backend.place, pid, warn)
  const state = { ...jail, prune: () => jail.pruneHistory(now ? now() : jail.newest()) }
  const journal = paths ? await openJournal(paths.journal, state, onBadLine) : NO_JOURNAL
  const clockStep = paths && createClockSteps(clocks, bootStoreIn(paths.clock))
  return xffBan({ ...options, jail, journal, ...(clockStep && { clockStep }) })
}
