import { EXIT, messageOf } from '../../exit.js'
import type { OnBadLine } from '../../wire/bad-line.js'
import { parseInstant } from '../../wire/instant.js'
import type { BanRecord, HeldRecord } from '../../wire/record.js'
import type { Hits } from '../backend/backend.js'
import { withHits } from '../backend/hits.js'
import type { Allowance } from '../jail/allowances.js'
import { isAllowing } from '../jail/allowed.js'
import type { Reply } from '../jail/batch.js'
import { createJail, type Jail, type JailOptions } from '../jail/jail.js'
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

/**
 * Who is allowed, and who stays unbanned for some time, the one that ends first in front.
 * @throws JournalError, ControlError
 */
export async function listAllowed(options: Options): Promise<Allowance[]> {
  const replies = await ask(options.paths.socket, [])
  const allowed =
    replies?.flatMap(reply => (isAllowance(reply) ? reply : [])) ?? (await allowedInJournal(options))
  const end = ({ until }: Allowance) => (until === undefined ? Number.POSITIVE_INFINITY : parseInstant(until))
  return allowed.sort((a, b) => Math.sign(end(a) - end(b)) || 0)
}

function isAllowance(reply: Reply): reply is Allowance {
  return reply.type === 'allow' || (reply.type === 'unban' && isAllowing(reply))
}

async function bansInJournal(options: Options): Promise<BanRecord[]> {
  const jail = await readJail(options)
  return jail.inForce().map(({ record }) => record)
}

async function allowedInJournal(options: Options): Promise<Allowance[]> {
  const jail = await readJail(options)
  return jail.allowed.inForce()
}

/** The jail as the journal has it, without what is over. */
async function readJail({ paths, jailOptions, now, onBadLine }: Options): Promise<Jail> {
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
  const at = now ? now() : jail.newest()
  jail.unbanExpired(at)
  jail.allowed.endOver(at)
  return jail
}

function endOf({ until = '' }: BanRecord): number {
  return parseInstant(until)
}
