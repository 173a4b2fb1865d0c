import type { Ban } from '../jail/jail.js'
import { type Backend, BackendError, type Change } from './backend.js'

/** The first pause between attempts to bring a backend back, in milliseconds; each further one is twice as long. */
const FIRST_PAUSE = 100
const LONGEST_PAUSE = 30_000
/** How often it is still tried when the command is to end. */
const LAST_ATTEMPTS = 5

/** The backend, through its failures: what it could not do is made good from the whole set of bans. */
export interface Enforcement {
  /** @returns whether it was carried out; if not, `restore` has to */
  apply: (changes: readonly Change[]) => Promise<boolean>
  /** Enforces all that is in force anew, as their ends are others. @returns as `apply` */
  renew: () => Promise<boolean>
  /** Looks whether all of it still stands; what was amiss is said. @returns as `apply` */
  verify: () => Promise<boolean>
  /**
   * Tries until the backend enforces all that is in force.
   * @throws BackendError when the command is to end and it still does not
   */
  restore: () => Promise<void>
  /** From now on `restore` gives up after a few attempts. */
  hurry: () => void
}

export interface Options {
  backend: Backend
  inForce: () => readonly Ban[]
  /** how often it is looked at while all is well, in milliseconds: it is tried as often when it is not */
  verify: number
  warn: (message: string) => void
}

export function createEnforcement({ backend, inForce, verify, warn }: Options): Enforcement {
  let failure: BackendError | undefined
  let attempts = Number.POSITIVE_INFINITY
  let pause = FIRST_PAUSE
  let wake = () => {}

  /** @returns whether it worked; a failure is remembered, and said if it is news */
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

  const rest = () =>
    new Promise<void>(resolve => {
      const timer = setTimeout(resolve, pause)
      pause = Math.min(2 * pause, LONGEST_PAUSE, verify)
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })

  return {
    async apply(changes) {
      if (failure) return false
      return changes.length === 0 || (await attempt(() => backend.apply(changes)))
    },

    async renew() {
      return !failure && (await attempt(() => backend.open(inForce())))
    },

    async verify() {
      if (failure) return false
      return await attempt(async () => {
        const amiss = await backend.verify()
        if (amiss !== undefined) warn(`${amiss}; put back`)
      })
    },

    async restore() {
      // the first attempt follows at once: the whole set may do where a change to it could not
      for (pause = FIRST_PAUSE; failure; await rest()) {
        if (attempts === 0) throw failure
        attempts -= 1
        const bans = inForce()
        if (!(await attempt(() => backend.open(bans)))) continue
        failure = undefined
        warn(`${backend.name}: enforced again, ${bans.length} bans`)
        return
      }
    },

    hurry() {
      attempts = Math.min(attempts, LAST_ATTEMPTS)
      pause = FIRST_PAUSE
      wake()
    },
  }
}
