import { createBackoff } from '../../retry.js'
import type { Ban } from '../jail/ban.js'
import { type Backend, BackendError, type Change } from './backend.js'

/** The first pause between attempts to bring a backend back; each further one is twice as long. */
const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 30_000
/** How many attempts are left when the command is to end. */
const LAST_ATTEMPTS = 5

/** The backend, through its failures: what it could not do is made good from the whole set of bans. */
export interface Enforcement {
  /** @returns whether it was carried out; if not, `recover` has to */
  apply: (changes: readonly Change[]) => Promise<boolean>
  /** What banned prefixes leave out has changed. @returns as `apply` */
  reholed: () => Promise<boolean>
  /** Enforces all that is in force anew, as when the ends have changed. @returns as `apply` */
  applyAll: () => Promise<boolean>
  /** Makes the backend what it should be, and warns of what it was not. @returns as `apply` */
  reconcile: () => Promise<boolean>
  /**
   * Tries until the backend enforces all that is in force.
   * @throws BackendError when the command is to end and it still does not
   */
  recover: () => Promise<void>
  /** From now on `recover` gives up after so many attempts. */
  drain: (attempts?: number) => void
}

export interface Options {
  backend: Backend
  inForce: () => readonly Ban[]
  /** how often the backend is checked while all is well: it is tried as often when it is not */
  verifyMs: number
  /** is told why the backend fails, when the first attempt to bring it back has; and when it works again */
  onFailure?: ((reason: string | undefined) => void) | undefined
  warn: (message: string) => void
}

export function createEnforcement({ backend, inForce, verifyMs, onFailure, warn }: Options): Enforcement {
  let failure: BackendError | undefined
  let attemptsLeft = Number.POSITIVE_INFINITY
  const backoff = createBackoff({ firstMs: FIRST_PAUSE_MS, longestMs: Math.min(LONGEST_PAUSE_MS, verifyMs) })

  /** @returns whether it worked; a failure is remembered, and warned of if it is a new one */
  const attempt = async (work: () => Promise<void>): Promise<boolean> => {
    try {
      await work()
      return true
    } catch (error) {
      if (!(error instanceof BackendError)) throw error
      if (error.message !== failure?.message) warn(`${error.message}; trying again until it works`)
      failure = error
      return false
    }
  }

  return {
    async apply(changes) {
      if (failure) return false
      return changes.length === 0 || (await attempt(() => backend.apply(changes)))
    },

    async reholed() {
      return !failure && (await attempt(async () => await backend.holesChanged?.()))
    },

    async applyAll() {
      return !failure && (await attempt(() => backend.open(inForce())))
    },

    async reconcile() {
      if (failure) return false
      return await attempt(async () => {
        const problem = await backend.reconcile()
        if (problem !== undefined) warn(`${problem}; restored`)
      })
    },

    async recover() {
      // the first attempt follows at once: the whole set may do where a change to it could not
      for (backoff.reset(); failure; await backoff.wait()) {
        if (attemptsLeft === 0) throw failure
        attemptsLeft -= 1
        const bans = inForce()
        if (!(await attempt(() => backend.open(bans)))) {
          onFailure?.(failure.message)
          continue
        }
        failure = undefined
        onFailure?.(undefined)
        warn(`${backend.name}: enforced again, ${bans.length} bans`)
        return
      }
    },

    drain(attempts = LAST_ATTEMPTS) {
      attemptsLeft = Math.min(attemptsLeft, attempts)
      backoff.reset()
      backoff.end()
      backend.hurry?.()
    },
  }
}
