import { createHash, randomUUID } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { codeOf } from '../../../exit.js'
import { runProgram } from '../run-program.js'
import type { Program } from './links.js'

/*
 * Where the kernel program and its tables are kept while no process has them open:
 *
 *     /sys/fs/bpf/xff-ban/v3-4026531840/        the layout of contract.h, the network namespace
 *         maps/{bans,trust,ports,stats,jails,…}
 *         object-0123456789abcdef/{xff_ban_ether,xff_ban_plain,xff_ban_leaving}
 *
 * All --name of a network namespace share it. A folder is made under another name, `v3-4026531840-` and something new,
 * and renamed when it is complete.
 */

const BPFFS = '/sys/fs/bpf'
const ROOT = join(BPFFS, 'xff-ban')
/** Raise it when the layout of a table in contract.h or connection.h changes. */
const LAYOUT = 'v3'
/** Loading takes a second or two: a folder that is still not complete after this long never will be. */
const STALE_MS = 60_000
/** The type of the file system that holds pins (BPF_FS_MAGIC). */
const BPF_FS = 0xcafe4a11

/** The maps that an upgrade takes over: all that hold state. */
const KEPT_MAPS = [
  ...(['bans', 'trust', 'ports', 'stats', 'jails', 'texts', 'targets', 'devices'] as const),
  ...(['connections', 'halves', 'commons'] as const),
]
export type Table = (typeof KEPT_MAPS)[number]

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
  const newDraft = () => `${folder}-${randomUUID()}`
  const drafts = () =>
    list(ROOT).flatMap(name => (name.startsWith(`${basename(folder)}-`) ? join(ROOT, name) : []))
  const exist = () => existsSync(table('commons'))

  const loadAnew = async (object: string, name: string) => {
    const draft = newDraft()
    mkdirSync(draft)
    try {
      const pinned = ['pinmaps', join(draft, 'maps')]
      await runProgram(['bpftool', 'prog', 'loadall', object, join(draft, name), ...pinned])
      publish(draft, folder)
    } finally {
      rmSync(draft, { recursive: true, force: true })
    }
  }

  const loadOntoTables = async (object: string, name: string) => {
    const draft = newDraft()
    try {
      const tables = KEPT_MAPS.flatMap(kept => ['map', 'name', kept, 'pinned', table(kept)])
      await runProgram(['bpftool', 'prog', 'loadall', object, draft, ...tables])
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
        if (name.startsWith('object-') && path !== programs) rmSync(path, { recursive: true, force: true })
      }
    },

    remove() {
      for (const path of [folder, ...drafts()]) rmSync(path, { recursive: true, force: true })
      // the last network namespace takes the rest along
      if (list(ROOT).length === 0) rmSync(ROOT, { recursive: true, force: true })
    },
  }
}

/** The kernel's id of a pinned program. */
export async function programId(programs: string, program: Program): Promise<number> {
  const shown = await runProgram(['bpftool', '-j', 'prog', 'show', 'pinned', join(programs, program)])
  return JSON.parse(shown).id
}

function ageOf(path: string, now: number): number {
  return Math.abs(now - (statSync(path, { throwIfNoEntry: false })?.ctimeMs ?? now))
}

/** What is in a folder: nothing where there is none. */
function list(path: string): string[] {
  return existsSync(path) ? readdirSync(path) : []
}

/** One of several processes that publish at a time is the first; the others find its work. */
function publish(draft: string, path: string): void {
  try {
    renameSync(draft, path)
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST'].includes(codeOf(error) ?? '')) throw error
  }
}

/** systemd mounts it; small systems and containers may not. */
async function mountBpffs(): Promise<void> {
  if (statfsSync(BPFFS).type !== BPF_FS) await runProgram(['mount', '-t', 'bpf', 'bpf', BPFFS])
}
