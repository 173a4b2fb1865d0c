import { EXIT, messageOf } from '../exit.js'
import type { OnBadLine } from '../wire/bad-line.js'
import type { BanRecord } from '../wire/record.js'
import type { Hits } from './backend/backend.js'
import { withHits } from './backend/hits.js'
import { ask } from './control/client.js'
import { createJail, type Terms } from './jail/jail.js'
import { type Clocks, createSteps, keptIn } from './journal/clock-steps.js'
import { JournalError, NO_JOURNAL, openJournal, readJournal } from './journal/journal.js'
import { lock, lockName } from './journal/lock.js'
import { type Options, type XffBan, xffBan } from './stage.js'

/** The files of a jail, side by side. */
export interface Place {
  journal: string
  /** held by the process that runs */
  lock: string
  /** what the clock was when the journal was written */
  clock: string
  /** over which it can be spoken with */
  socket: string
}

export function placeOf(journal: string): Place {
  const stem = journal.replace(/\.jsonl$/, '')
  return { journal, lock: `${stem}.lock`, clock: `${stem}.clock`, socket: `${stem}.sock` }
}

export interface Opening extends Omit<Options, 'jail' | 'journal' | 'stepped'> {
  terms: Terms
  /** undefined: for a rehearsal, which remembers nothing */
  place: Place | undefined
  /** of what is made in the kernel, where there may be only one by it */
  name: string | undefined
  clocks: Clocks
  /** our process id */
  pid: number
  onBadLine: OnBadLine
}

/**
 * Takes the journal for itself, rebuilds the jail from it, and the enforcement from the jail.
 * @throws JournalError, BackendError
 */
export async function openXffBan(opening: Opening): Promise<XffBan> {
  const { place, name, terms, clocks, pid, onBadLine, warn } = opening
  const jail = createJail(terms)
  if (place) await lock(place.lock, pid, warn)
  if (name !== undefined) await lockName(name, pid, warn)
  const journal = place ? await openJournal(place.journal, jail, onBadLine) : NO_JOURNAL
  const stepped = place && createSteps(clocks, keptIn(place.clock))
  return await xffBan({ ...opening, jail, journal, ...(stepped && { stepped }) })
}

/**
 * The bans in force, the one that ends first in front: as the running xff-ban tells, else as the journal does.
 * @param now milliseconds since 1970; undefined: the newest record's time
 * @param hits where nobody runs: what the bans have stopped; undefined where that is not counted
 * @throws JournalError, ControlError
 */
export async function listBans(
  place: Place,
  terms: Terms,
  now: number | undefined,
  onBadLine: OnBadLine,
  hits: () => Promise<ReadonlyMap<string, Hits> | undefined>,
): Promise<BanRecord[]> {
  const told = await ask(place.socket, [])
  const bans = told
    ? told.filter(one => one.type === 'ban')
    : withHits(await bansOfJournal(place.journal, terms, now, onBadLine), await hits())
  return bans.sort((a, b) => ((a.until as string) < (b.until as string) ? -1 : 1))
}

async function bansOfJournal(path: string, terms: Terms, now: number | undefined, onBadLine: OnBadLine) {
  const jail = createJail(terms)
  try {
    await readJournal(path, jail.recall, onBadLine)
  } catch (error) {
    throw new JournalError(
      `no xff-ban of this name is running, and its journal (--name or --state) cannot be read: ${messageOf(error)}`,
      EXIT.noInput,
      { cause: error },
    )
  }
  jail.expire(now ?? jail.newest())
  return jail.inForce().map(({ record }) => record)
}
