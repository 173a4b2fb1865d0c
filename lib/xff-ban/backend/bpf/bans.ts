import type { Ban } from '../../jail/jail.js'
import type { Change } from '../backend.js'
import { bootTime } from './boot-clock.js'
import { banValue, jailOfRange, rangeKey, rangeOf, readBan } from './contract.js'
import { type Row, readRows, type Step, writeRows } from './maps.js'

/** Where bans stand: the table, and which rows of it are ours. */
export interface Place {
  pin: string
  jail: number
}

/** The bans that should stand in the kernel's table, wherever that is by now. */
export interface Bans {
  /**
   * They are exactly these from now on. One that is there already keeps its hits.
   * @param now milliseconds since 1970
   */
  replace: (place: Place, bans: readonly Ban[], now: number) => Promise<void>
  apply: (place: Place, changes: readonly Change[], now: number) => Promise<void>
  /** Puts back what is missing, and removes what is over. @returns how many were missing or wrong */
  restore: (place: Place) => Promise<number>
}

/** Of the bans that were hit at all: how often, and when last in nanoseconds since boot. */
export async function readHits({ pin, jail }: Place): Promise<Map<string, { hits: number; last: bigint }>> {
  const found = new Map<string, { hits: number; last: bigint }>()
  for (const { key, value } of (await readRows(pin)).values()) {
    if (jailOfRange(key) !== jail) continue
    const { hits, last } = readBan(value)
    if (hits > 0n) found.set(rangeOf(key), { hits: Number(hits), last })
  }
  return found
}

/** One that ends so much earlier or later is the same ban, its end worked out anew; in nanoseconds. */
const SAME = 1_000_000_000n

export function createBans(): Bans {
  /** when each ends, in nanoseconds since boot: settled once, so that a clock that is set changes nothing */
  let standing = new Map<string, bigint>()

  const restore = async (place: Place) => settle(place, await readRows(place.pin))

  /** Makes the table hold what `standing` says. @param there what it holds */
  const settle = async ({ pin, jail }: Place, there: Map<string, Row>): Promise<number> => {
    const steps: Step[] = []
    for (const [ip, until] of standing) {
      const key = rangeKey(jail, ip)
      const hex = key.toString('hex')
      const row = there.get(hex)
      there.delete(hex)
      const before = row && readBan(row.value)
      if (before?.until === until) continue
      steps.push({ key, value: banValue(key, { hits: 0n, last: 0n, ...before, until }) })
    }
    const amiss = steps.length
    for (const { key } of there.values()) if (jailOfRange(key) === jail) steps.push({ key })
    await writeRows(pin, steps)
    return amiss
  }

  return {
    async replace(place, bans, now) {
      const there = await readRows(place.pin)
      const inBootTime = bootTime(now)
      standing = new Map(
        bans.map(({ ip, until }) => {
          const row = there.get(rangeKey(place.jail, ip).toString('hex'))
          const before = row ? readBan(row.value).until : 0n
          const end = inBootTime(until)
          return [ip, before > end - SAME && before < end + SAME ? before : end]
        }),
      )
      await settle(place, there)
    },

    async apply(place, changes, now) {
      const steps = new Map<string, Step>()
      const inBootTime = bootTime(now)
      for (const change of changes) {
        const ip = 'ban' in change ? change.ban.ip : change.unban
        const key = rangeKey(place.jail, ip)
        if ('ban' in change) {
          const until = inBootTime(change.ban.until)
          standing.set(ip, until)
          steps.set(ip, { key, value: banValue(key, { until, hits: 0n, last: 0n }) })
        } else if (standing.delete(ip)) {
          steps.set(ip, { key })
        }
      }
      // a row to delete is not there when it came and went in these changes, or somebody was quicker
      await writeRows(place.pin, [...steps.values()]).catch(() => restore(place))
    },

    restore,
  }
}
