import { BoundedMap } from '../bounded-map.js'
import type { Stored } from './broker.js'
import { HEADER } from './headers.js'

/** A writer of requests says every minute that it is there; after so long without, it is silent. In milliseconds. */
const SILENT_MS = 180_000
/** For so long after records of a host did not count it is told as one of which they do not. */
const WRONG_MS = 600_000
/** One of which nothing was heard for so long is none any more: as long as requests are kept, unless setup says else. */
const FORGOTTEN_MS = 3_600_000
const MAX_HOSTS = 100_000

/** The hosts that report, as a reader of all reports knows them. */
export interface Hosts {
  /** @param isWrong whether records of this batch do not count */
  hear: (batch: Stored, isWrong: boolean) => void
  /** How many are silent, and how many have a wrong clock, or records that do not count. @param now milliseconds since 1970 */
  count: (now: number) => { silent: number; wrong: number }
}

/** @param tolerated how far a clock may be off, in milliseconds */
export function createHosts(tolerated: number): Hosts {
  const known = new BoundedMap<string, { heard: number; isOff: boolean; wrongAt: number }>(MAX_HOSTS)
  return {
    hear(batch, isWrong) {
      const { from, at } = batch
      const wrongAt = isWrong ? at : (known.get(from)?.wrongAt ?? Number.NEGATIVE_INFINITY)
      known.set(from, { heard: at, isOff: isOff(clockOffset(batch), tolerated), wrongAt })
    },
    count(now) {
      const hosts = [...known].map(([, host]) => host).filter(({ heard }) => heard >= now - FORGOTTEN_MS)
      return {
        silent: hosts.filter(({ heard }) => isSilent(heard, now)).length,
        wrong: hosts.filter(({ isOff, wrongAt }) => isOff || wrongAt >= now - WRONG_MS).length,
      }
    },
  }
}

/** @param heard when the broker got the newest batch of a host; NaN where there is none */
export function isSilent(heard: number, now: number): boolean {
  return !(heard >= now - SILENT_MS)
}

/** How far the clock of a host was ahead of the broker's when it sent a batch, in milliseconds; NaN where it did not say. */
export function clockOffset({ headers, at }: Stored): number {
  const clock = headers.get(HEADER.clock) ?? ''
  return /^\d{1,15}$/.test(clock) ? Number(clock) - at : Number.NaN
}

export function isOff(offset: number, tolerated: number): boolean {
  return Math.abs(offset) > tolerated
}
