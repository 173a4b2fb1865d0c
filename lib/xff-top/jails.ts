import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { EXIT, ExitError, messageOf } from '../exit.js'
import { openOwn } from '../files/own-file.js'
import { parseInstant } from '../wire/instant.js'
import { parseLine } from '../wire/jsonl.js'
import type { BanRecord, HeldRecord, StatusRecord, UnbanRecord } from '../wire/record.js'
import { ask, askStatus } from '../xff-ban/control/client.js'
import { type JailPaths, pathsOf } from '../xff-ban/paths.js'

/** How much of the end of a journal is read, in bytes. */
const TAIL_BYTES = 262_144
/** A list of more bans than that is not asked for. */
const MAX_LISTED = 50_000
/** How many jails are looked at. */
const MAX_JAILS = 64

/** What a jail says of itself. */
export interface Jail {
  name: string
  paths: JailPaths
  /** undefined where none runs */
  status: StatusRecord | undefined
  /** why it could not be asked */
  error: string | undefined
  bans: BanRecord[]
  held: HeldRecord[]
  /** the end of its journal, the oldest first */
  past: (BanRecord | UnbanRecord)[]
  /** whether that is all of it */
  isWhole: boolean
}

/** The jails whose journals are in a folder, or the one of this name. */
export async function findJails(folder: string, name: string | undefined): Promise<[string, JailPaths][]> {
  const names =
    name === undefined
      ? (await readdir(folder).catch(cannotLook(folder)))
          .filter(file => file.endsWith('.jsonl'))
          .map(file => file.slice(0, -'.jsonl'.length))
          .sort()
      : [name]
  return names.slice(0, MAX_JAILS).map(name => [name, pathsOf(join(folder, `${name}.jsonl`))])
}

function cannotLook(folder: string): (error: unknown) => never {
  return error => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      throw new ExitError(
        `no jail has been here yet: there is no ${folder}; start one (xff-jail(8)), or name --folder`,
        EXIT.noInput,
      )
    }
    throw new ExitError(`--folder ${JSON.stringify(folder)}: ${messageOf(error)}`, EXIT.noInput, {
      cause: error,
    })
  }
}

/** Asks a jail, if it runs, and reads the end of its journal. */
export async function lookAt(name: string, paths: JailPaths): Promise<Jail> {
  const jail: Jail = {
    name,
    paths,
    status: undefined,
    error: undefined,
    bans: [],
    held: [],
    past: [],
    isWhole: true,
  }
  try {
    jail.status = await askStatus(paths.socket)
    const many = jail.status?.in_force ?? 0
    if (many > MAX_LISTED) jail.error = `${many} bans are too many to list`
    else if (jail.status) {
      for (const record of (await ask(paths.socket, [])) ?? []) {
        if (record.type === 'ban') jail.bans.push(record)
        else if (record.type === 'held') jail.held.push(record)
      }
    }
  } catch (error) {
    jail.error = messageOf(error)
  }
  try {
    Object.assign(jail, await endOf(paths.journal))
  } catch (error) {
    jail.error ??= messageOf(error)
  }
  if (!jail.status) jail.bans = standing(jail.past)
  return jail
}

/** The bans that a journal ends with and that are not ended by it. */
function standing(past: Jail['past']): BanRecord[] {
  const bans = new Map<string, BanRecord>()
  for (const record of past) {
    if (record.type === 'ban') bans.set(record.ip, record)
    else bans.delete(record.ip)
  }
  return [...bans.values()]
}

/** The last records of a journal. */
async function endOf(path: string): Promise<Pick<Jail, 'past' | 'isWhole'>> {
  const file = await openOwn(path, 'read')
  try {
    const { size } = await file.stat()
    const from = Math.max(0, size - TAIL_BYTES)
    const { buffer, bytesRead } = await file.read(
      Buffer.alloc(Math.min(size, TAIL_BYTES)),
      0,
      undefined,
      from,
    )
    const lines = buffer.toString('utf8', 0, bytesRead).split('\n')
    // the first one may be the end of a line
    const past = lines.slice(from > 0 ? 1 : 0).flatMap(line => {
      const record = line === '' ? '' : parseLine(line, ['ban', 'unban'])
      return typeof record === 'string' ? [] : [record]
    })
    return { past, isWhole: from === 0 }
  } finally {
    await file.close()
  }
}

/** Whether a ban lasts. */
export function isInForce(record: BanRecord, now: number): boolean {
  return record.until !== undefined && parseInstant(record.until) > now
}
