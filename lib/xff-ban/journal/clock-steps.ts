import { closeSync, ftruncateSync, readFileSync, statSync, writeSync } from 'node:fs'
import { openOwnSync } from '../../files/own-file.js'

/** The tolerance between two clocks: how exactly they can be read, and drift. */
const TOLERANCE_MS = 1_000

/** Three clocks, in milliseconds. */
export interface Clocks {
  /** since 1970: people and time servers set it */
  wall: () => number
  /** since boot, time asleep included: it only runs; a container may have one of its own */
  sinceBoot: () => number
  /** since any instant, time asleep left out: it only runs */
  monotonic: () => number
}

/** What one process knows of the clocks, for the next. */
export interface Boot {
  /** the instant of the boot by the wall clock, milliseconds since 1970 */
  at: number
  /** the other clock when this was found out */
  sinceBoot: number
}

export interface BootStore {
  read: () => Boot | undefined
  write: (boot: Boot) => void
}

/**
 * Detects that the wall clock was set: only then the instant that it gives for the boot changes.
 * @returns by how many milliseconds it was set since the last call, or since the last process; 0: it was not
 */
export function createClockSteps({ wall, sinceBoot, monotonic }: Clocks, store: BootStore): () => number {
  const read = () => ({ wall: wall(), sinceBoot: sinceBoot(), monotonic: monotonic() })
  let last = read()
  const before = store.read()
  // a clock that went back is another one
  let known = before && before.sinceBoot <= last.sinceBoot ? before.at : undefined

  return () => {
    const now = read()
    const at = Math.round(now.wall - now.sinceBoot)
    const passed = now.monotonic - last.monotonic
    // the wall clock runs on, and the other one does not: it is another one now
    const isOther =
      Math.abs(now.wall - last.wall - passed) < TOLERANCE_MS &&
      Math.abs(now.sinceBoot - last.sinceBoot - passed) >= TOLERANCE_MS
    last = now
    if (known !== undefined && Math.abs(at - known) < TOLERANCE_MS) return 0
    const by = known === undefined || isOther ? 0 : at - known
    known = at
    store.write({ at, sinceBoot: now.sinceBoot })
    return by
  }
}

/** Stores it in a file; it counts for as long as the clock since boot is the same one. */
export function bootStoreIn(path: string, identity = clockIdentity): BootStore {
  return {
    read() {
      try {
        const file = openOwnSync(path, 'read')
        const [clock, ...numbers] = readFileSync(file, 'latin1').split(' ')
        closeSync(file)
        const [at = Number.NaN, since = Number.NaN] = numbers.map(Number)
        return clock === identity() && Number.isFinite(at + since) ? { at, sinceBoot: since } : undefined
      } catch {
        return undefined // the first start
      }
    },
    write({ at, sinceBoot }) {
      try {
        const file = openOwnSync(path, 'update')
        ftruncateSync(file)
        writeSync(file, `${identity()} ${at} ${sinceBoot}`)
        closeSync(file)
      } catch {
        // where the disk is full, the next process does not know
      }
    },
  }
}

/**
 * Which clock since boot it is: of this boot (boot_id in random(4)), and of this container, which may have a clock of its
 * own and is started anew under the same boot (lxcfs in the place of /proc/uptime, time namespaces).
 */
function clockIdentity(): string {
  const of = (read: () => string | number) => {
    try {
      return read()
    } catch {
      return '-' // hidden from us, as with hidepid
    }
  }
  return [
    of(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()),
    of(() => statSync('/proc/self/ns/pid').ino),
    of(() => statSync('/proc/self/ns/time').ino),
    of(() => startOfInit()),
  ].join('/')
}

/** When process 1 was started, in clock ticks (field 22 in proc_pid_stat(5), behind the name in parentheses). */
function startOfInit(): string {
  const stat = readFileSync('/proc/1/stat', 'latin1')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '-'
}
