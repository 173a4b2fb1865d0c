import { createHash, randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { codeOf } from '../../../exit.js'
import { runProgram } from '../run-program.js'
import { list, mountBpffs, ROOT, removeRoot } from './bpffs.js'
import type { Program } from './links.js'
import { type Row, readRows } from './maps.js'
import { isDead, signWith } from './networks.js'

/*
 * Where the kernel program and its tables are kept while no process has them open:
 *
 *     /sys/fs/bpf/xff-ban/v5-4026531840/        the layout of contract.h, the network namespace
 *         maps/{bans,trust,ports,stats,jails,…}
 *         object-0123456789abcdef/{xff_ban_ether,xff_ban_plain,xff_ban_leaving}
 *         processes                             a link to the name of the process namespace it was made in
 *
 * All --name of a network namespace share it. A folder is made under another name, `v5-4026531840-` and something new,
 * and renamed when it is complete.
 */

/** Raise it when the layout of a table in contract.h or connection.h changes. */
const LAYOUT = 'v5'
/** Loading takes a second or two: a folder that is still not complete after this long never will be. */
const STALE_MS = 60_000

/** The maps that an upgrade takes over: all that hold state. */
export const KEPT_MAPS = [
  ...(['bans', 'trust', 'ports', 'stats', 'jails', 'texts', 'targets', 'devices'] as const),
  ...(['connections', 'halves', 'commons'] as const),
]
export type Table = (typeof KEPT_MAPS)[number]

/** A program by the kernel's id; equal tags are equal instructions. */
export interface PinnedProgram {
  id: number
  tag: string
}

/** What is pinned in this network namespace. */
export interface Pins {
  folder: string
  table: (name: Table) => string
  /** whether the tables are there */
  exist: () => boolean
  /** how long ago they were made, in milliseconds */
  age: (now: number) => number
  /**
   * Loads the object, with new tables where there are none. One that is loaded already stays.
   * @param now the wall clock, milliseconds since 1970
   * @returns the folder of its programs
   */
  load: (object: string, now: number) => Promise<string>
  /** Removes the programs of other versions. */
  forgetOthers: (programs: string) => void
  remove: () => void
}

export function pinsOfThisNetwork(): Pins {
  const folder = join(ROOT, `${LAYOUT}-${statSync('/proc/self/ns/net').ino}`)
  const maps = join(folder, 'maps')
  const table = (name: Table) => join(maps, name)
  const newDraft = () => draftOf(folder)
  const drafts = () =>
    list(ROOT).flatMap(name => (name.startsWith(`${basename(folder)}-`) ? join(ROOT, name) : []))
  const exist = () => existsSync(table('commons'))

  const loadAnew = async (object: string, name: string) => {
    const draft = newDraft()
    mkdirSync(draft)
    signWith(draft)
    try {
      const pinned = ['pinmaps', join(draft, 'maps')]
      await load([object, join(draft, name), ...pinned])
      publish(draft, folder)
    } finally {
      rmSync(draft, { recursive: true, force: true })
    }
  }

  const loadOntoTables = async (object: string, name: string) => {
    const draft = newDraft()
    try {
      const tables = KEPT_MAPS.flatMap(kept => ['map', 'name', kept, 'pinned', table(kept)])
      await load([object, draft, ...tables])
      publish(draft, join(folder, name))
    } finally {
      rmSync(draft, { recursive: true, force: true })
    }
  }

  return {
    folder,
    table,
    exist,
    age: now => ageOf(folder, now),

    async load(object, now) {
      await mountBpffs()
      mkdirSync(ROOT, { recursive: true, mode: 0o700 })
      // of those that were killed while they loaded
      for (const draft of drafts())
        if (ageOf(draft, now) > STALE_MS) rmSync(draft, { recursive: true, force: true })
      const name = `object-${createHash('sha256').update(readFileSync(object)).digest('hex').slice(0, 16)}`
      if (!exist()) await loadAnew(object, name)
      // another version may have been quicker
      if (!existsSync(join(folder, name))) await loadOntoTables(object, name)
      return join(folder, name)
    },

    forgetOthers(programs) {
      for (const name of readdirSync(folder)) {
        const path = join(folder, name)
        if (isObject(name) && path !== programs) rmSync(path, { recursive: true, force: true })
      }
    },

    remove() {
      for (const path of [folder, ...drafts()]) rmSync(path, { recursive: true, force: true })
      removeRoot()
    },
  }
}

/** The programs that are pinned, of all versions. */
export async function pinnedPrograms({ folder }: Pins): Promise<PinnedProgram[]> {
  const versions = list(folder).filter(isObject)
  const pinned = versions.flatMap(name => list(join(folder, name)).map(file => join(folder, name, file)))
  return await Promise.all(pinned.map(showProgram))
}

/** Whether this network has tables of another layout, too. */
export function hasOtherLayout(pins: Pins): boolean {
  return otherLayouts(pins).length > 0
}

/**
 * Removes what another version has pinned in this network, whose tables have another layout.
 * @returns its tables of names, as they were
 */
export async function removeOtherLayouts(pins: Pins): Promise<readonly Row[][]> {
  const jails: Row[][] = []
  for (const folder of otherLayouts(pins)) {
    const rows = await readRows(join(folder, 'maps', 'jails')).catch(() => new Map<string, Row>())
    jails.push([...rows.values()])
    rmSync(folder, { recursive: true, force: true })
  }
  return jails
}

function otherLayouts({ folder }: Pins): string[] {
  const [, network] = basename(folder).split('-')
  const isOfNetwork = (name: string) => /^v\d+-\d+$/.test(name) && name.endsWith(`-${network}`)
  return list(ROOT).flatMap(name =>
    isOfNetwork(name) && join(ROOT, name) !== folder ? join(ROOT, name) : [],
  )
}

/**
 * Puts other tables in the place of those that are pinned, whose programs go with them.
 * @param idOf the kernel's id of a table
 */
export async function replaceTables({ folder }: Pins, idOf: (table: Table) => number): Promise<void> {
  const draft = draftOf(folder)
  mkdirSync(join(draft, 'maps'), { recursive: true })
  signWith(draft)
  try {
    for (const name of KEPT_MAPS)
      await runProgram(['bpftool', 'map', 'pin', 'id', String(idOf(name)), join(draft, 'maps', name)])
    rmSync(folder, { recursive: true, force: true })
    publish(draft, folder)
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
}

/** Removes what network namespaces have left that are gone: nobody would until one gets the same number. */
export function forgetDeadNetworks(): void {
  for (const name of list(ROOT)) {
    if (/^v\d+-\d+$/.test(name) && isDead(join(ROOT, name)))
      rmSync(join(ROOT, name), { recursive: true, force: true })
  }
}

/** The kernel looks through the program for seconds, and for a minute on a machine that is under attack. */
const LOAD_TIMEOUT_MS = 120_000

const load = (args: readonly string[]) =>
  runProgram(['bpftool', 'prog', 'loadall', ...args], '', LOAD_TIMEOUT_MS)

function draftOf(folder: string): string {
  return `${folder}-${randomUUID()}`
}

/** The kernel's id of a pinned program. */
export async function programId(programs: string, program: Program): Promise<number> {
  return (await showProgram(join(programs, program))).id
}

async function showProgram(pin: string): Promise<PinnedProgram> {
  return JSON.parse(await runProgram(['bpftool', '-j', 'prog', 'show', 'pinned', pin]))
}

/** Whether a name in our folder is that of a version's programs. */
function isObject(name: string): boolean {
  return name.startsWith('object-')
}

function ageOf(path: string, now: number): number {
  return Math.abs(now - (statSync(path, { throwIfNoEntry: false })?.ctimeMs ?? now))
}

/** One of several processes that publish at a time is the first; the others find its work. */
function publish(draft: string, path: string): void {
  try {
    renameSync(draft, path)
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST'].includes(codeOf(error) ?? '')) throw error
  }
}
