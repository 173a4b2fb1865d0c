import { EXIT, messageOf } from '../../exit.js'
import type { OnBadLine } from '../../wire/bad-line.js'
import { parseInstant } from '../../wire/instant.js'
import type { BanRecord, HeldRecord } from '../../wire/record.js'
import type { Hits } from '../backend/backend.js'
import { withHits } from '../backend/hits.js'
import { createJail, type JailOptions } from '../jail/jail.js'
import { JournalError, readJournal } from '../journal/journal.js'
import type { JailPaths } from '../paths.js'
import { ask } from './client.js'

export interface Options {
  paths: JailPaths
  jailOptions: JailOptions
  /** milliseconds since 1970; undefined: the newest record's time */
  now: (() => number) | undefined
  /** where no xff-ban runs: what the bans have stopped; undefined where that is not counted */
  hits: () => Promise<ReadonlyMap<string, Hits> | undefined>
  onBadLine: OnBadLine
}

/**
 * The bans in force, the one that ends first in front: from the running xff-ban, else from the journal. Behind them
 * those that are held back, the one that falls first in front.
 * @throws JournalError, ControlError
 */
export async function listBans(options: Options): Promise<(BanRecord | HeldRecord)[]> {
  const replies = await ask(options.paths.socket, [])
  const bans = replies
    ? replies.filter(reply => reply.type === 'ban')
    : withHits(await bansInJournal(options), await options.hits())
  const held = replies?.filter(reply => reply.type === 'held') ?? []
  return [...bans.sort((a, b) => endOf(a) - endOf(b)), ...held]
}

async function bansInJournal({ paths, jailOptions, now, onBadLine }: Options): Promise<BanRecord[]> {
  const jail = createJail(jailOptions)
  try {
    await readJournal(paths.journal, jail.recall, onBadLine)
  } catch (error) {
    throw new JournalError(
      `no xff-ban of this name is running, and its journal (--name or --state) cannot be read: ${messageOf(error)}`,
      EXIT.noInput,
      { cause: error },
    )
  }
  jail.unbanExpired(now ? now() : jail.newest())
  return jail.inForce().map(({ record }) => record)
}

function endOf({ until = '' }: BanRecord): number {
  return parseInstant(until)
}
