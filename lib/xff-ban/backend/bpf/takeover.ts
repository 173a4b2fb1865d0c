import { messageOf } from '../../../exit.js'
import { BackendError } from '../backend.js'
import { runProgram } from '../run-program.js'
import { type Attached, listAttached } from './devices.js'
import {
  hasOtherLayout,
  KEPT_MAPS,
  type PinnedProgram,
  type Pins,
  pinnedPrograms,
  replaceTables,
} from './pins.js'

/*
 * Another mount namespace may have a /sys/fs/bpf of its own: each command of `ip netns exec` has, and many containers.
 * An xff-ban there finds no pins, but programs of ours on the devices of the same network. It takes over the tables of
 * these, so that all names share them; else each would put its own program in the place of the other's, for ever.
 */

/** A table as bpftool shows it. */
interface ShownTable {
  id: number
  name?: string
  type: string
  bytes_key: number
  bytes_value: number
  max_entries: number
}

/** A program of ours that is not pinned here, and its tables by their names. */
interface Foreign {
  program: PinnedProgram
  tables: ReadonlyMap<string, ShownTable>
}

interface Found {
  /** the programs that work with our tables, so that they may stay where they are */
  equivalent: ReadonlySet<number>
  /** whether our tables are others from now on: those of such a program */
  isTakenOver: boolean
  /** whether there are programs that we may not look into: that takes CAP_SYS_ADMIN */
  isBarred: boolean
}

const NOTHING: Found = { equivalent: new Set(), isTakenOver: false, isBarred: false }

/** How bpftool says that we may not ask the kernel for what has a number. */
const NOT_PERMITTED = /not permitted|denied/i

const BARRED =
  'another xff-ban polices this network from a mount namespace with another /sys/fs/bpf, and without CAP_SYS_ADMIN its ' +
  'tables cannot be shared, so each replaces the program of the other: let both see the same /sys/fs/bpf'

/** The loaded program, whose tables are shared with whoever polices this network from another mount namespace. */
export interface Sharing {
  /** Loads what is missing. @returns the folder of the programs */
  load: (pins: Pins) => Promise<string>
  /** the programs of others that work with our tables, by the kernel's ids */
  equivalent: () => ReadonlySet<number>
  /** whether there are programs that we may not look into */
  isBarred: () => boolean
}

export function createSharing({
  object,
  now,
  warn,
}: {
  object: string
  now: () => number
  warn: (message: string) => void
}): Sharing {
  let found: Found | undefined
  return {
    async load(pins) {
      const wasBarred = found?.isBarred === true
      const programs = await pins.load(object, now())
      found = await takeOver(pins, await listAttached(), found === undefined)
      if (found.isBarred && !wasBarred) warn(BARRED)
      if (found.isTakenOver) await pins.load(object, now())
      return programs
    },
    equivalent: () => found?.equivalent ?? new Set(),
    isBarred: () => found?.isBarred === true,
  }
}

/**
 * Takes over the tables of programs that are attached and not pinned here, if they are older than ours: whoever has the
 * newer ones comes to the older by the same rule.
 * @param pins with tables and programs in them
 * @param isStart whether programs of another version are to be replaced, or are others' business
 */
async function takeOver(pins: Pins, attached: readonly Attached[], isStart: boolean): Promise<Found> {
  const own = await pinnedPrograms(pins)
  const ids = new Set(attached.map(({ id }) => id).filter(id => own.every(program => program.id !== id)))
  // what another layout has is replaced
  if (ids.size === 0 || hasOtherLayout(pins)) return NOTHING
  try {
    const foreign = (await Promise.all([...ids].map(foreignOf))).flat()
    const [oldest] = foreign.sort((a, b) => bansOf(a) - bansOf(b))
    if (!oldest) return NOTHING
    const ours = await shown(['pinned', pins.table('bans')])
    const isTakenOver = bansOf(oldest) < ours.id && (await haveOneShape(pins, oldest))
    if (isTakenOver) await replaceTables(pins, table => oldest.tables.get(table)?.id ?? 0)
    const bans = isTakenOver ? bansOf(oldest) : ours.id
    const stays = ({ tag }: PinnedProgram) => !isStart || own.some(program => program.tag === tag)
    const equivalent = foreign.filter(one => bansOf(one) === bans && stays(one.program))
    return { equivalent: new Set(equivalent.map(({ program }) => program.id)), isTakenOver, isBarred: false }
  } catch (error) {
    if (!(error instanceof BackendError) || !NOT_PERMITTED.test(messageOf(error))) throw error
    return { ...NOTHING, isBarred: true }
  }
}

function bansOf({ tables }: Foreign): number {
  return tables.get('bans')?.id ?? Number.POSITIVE_INFINITY
}

/** Nothing where it has gone meanwhile, or where it lacks a table: another layout. */
async function foreignOf(id: number): Promise<Foreign[]> {
  const show = ['bpftool', '-j', 'prog', 'show', 'id', String(id)]
  const program: (PinnedProgram & { map_ids?: number[] }) | undefined = await runProgram(show)
    .then(JSON.parse)
    .catch(ifGone)
  const maps = await Promise.all(
    (program?.map_ids ?? []).map(map => shown(['id', String(map)]).catch(ifGone)),
  )
  const tables = new Map(maps.flatMap(map => (map ? [[map.name ?? '', map] as const] : [])))
  return program && KEPT_MAPS.every(name => tables.has(name)) ? [{ program, tables }] : []
}

function ifGone(error: unknown): undefined {
  if (!/No such file or directory/.test(messageOf(error))) throw error
}

async function shown(which: readonly string[]): Promise<ShownTable> {
  return JSON.parse(await runProgram(['bpftool', '-j', 'map', 'show', ...which]))
}

async function haveOneShape(pins: Pins, { tables }: Foreign): Promise<boolean> {
  const shape = (table: ShownTable | undefined) =>
    table && [table.type, table.bytes_key, table.bytes_value, table.max_entries].join()
  for (const name of KEPT_MAPS) {
    if (shape(await shown(['pinned', pins.table(name)])) !== shape(tables.get(name))) return false
  }
  return true
}
