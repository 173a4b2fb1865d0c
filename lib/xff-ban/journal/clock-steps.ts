import { readFileSync, writeFileSync } from 'node:fs'

/** Another one means that the machine was booted since (Linux, random(4)). */
const BOOT = '/proc/sys/kernel/random/boot_id'
/** So much and less is how exactly the two clocks are told, and drift; in milliseconds. */
const TOLERANCE = 1_000

/** Two clocks: one that people and time servers set, and one that only runs; both in milliseconds. */
export interface Clocks {
  /** since 1970 */
  wall: () => number
  /** since boot, time asleep included */
  sinceBoot: () => number
}

/** Where what one process knew is kept for the next. */
export interface Kept {
  read: () => number | undefined
  write: (bootedAt: number) => void
}

/**
 * Tells when the wall clock was set, from the instant that it gives for the boot: that one stays where it is otherwise.
 * @returns by how many milliseconds it was set since the last call, or since the last process; 0: it was not
 */
export function createSteps({ wall, sinceBoot }: Clocks, kept: Kept): () => number {
  const bootedAt = () => Math.round(wall() - sinceBoot())
  let known = kept.read()
  return () => {
    const found = bootedAt()
    if (known !== undefined && Math.abs(found - known) < TOLERANCE) return 0
    const by = known === undefined ? 0 : found - known
    known = found
    kept.write(found)
    return by
  }
}

/** Keeps it in a file, for as long as this boot lasts. */
export function keptIn(path: string): Kept {
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
  return readFileSync(BOOT, 'latin1').trim()
}
