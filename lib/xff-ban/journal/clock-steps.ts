import { readFileSync, writeFileSync } from 'node:fs'

/** It changes with every boot (Linux, random(4)). */
const BOOT_ID = '/proc/sys/kernel/random/boot_id'
/** The tolerance between the two clocks: how exactly they can be read, and drift. */
const TOLERANCE_MS = 1_000

/** Two clocks: one that people and time servers set, and one that only runs; both in milliseconds. */
export interface Clocks {
  /** since 1970 */
  wall: () => number
  /** since boot, time asleep included */
  sinceBoot: () => number
}

/** Where one process stores the instant of the boot for the next. */
export interface BootStore {
  read: () => number | undefined
  write: (bootedAt: number) => void
}

/**
 * Detects that the wall clock was set: only then the instant that it gives for the boot changes.
 * @returns by how many milliseconds it was set since the last call, or since the last process; 0: it was not
 */
export function createClockSteps({ wall, sinceBoot }: Clocks, store: BootStore): () => number {
  const bootedAt = () => Math.round(wall() - sinceBoot())
  let known = store.read()
  return () => {
    const found = bootedAt()
    if (known !== undefined && Math.abs(found - known) < TOLERANCE_MS) return 0
    const by = known === undefined ? 0 : found - known
    known = found
    store.write(found)
    return by
  }
}

/** Stores it in a file; it counts for as long as this boot lasts. */
export function bootStoreIn(path: string): BootStore {
  return {
    read() {
      try {
        const [boot, bootedAt] = readFileSync(path, 'latin1').split(' ')
        return boot === bootId() && Number.isFinite(Number(bootedAt)) ? Number(bootedAt) : undefined
      } catch {
        return undefined // the first start
      }
    },
    write(bootedAt) {
      try {
        writeFileSync(path, `${bootId()} ${bootedAt}`, { mode: 0o600 })
      } catch {
        // where the disk is full, the next process does not know
      }
    },
  }
}

function bootId(): string {
  return readFileSync(BOOT_ID, 'latin1').trim()
}
