import type { Ban } from '../../jail/ban.js'
import type { Change } from '../backend.js'
import { type InBootTime, openBootClock } from './boot-clock.js'
import { banValue, HOLE_NS, jailOfRange, rangeKey, rangeOf, readBan } from './contract.js'
import { type Row, readRows, type Step, writeRows } from './maps.js'

/** The kernel's map of bans, and which entries of it are ours. */
export interface JailMap {
  pin: string
  jail: number
}

/** The bans that should be in the kernel's map. */
export interface Bans {
  /**
   * They are exactly these from now on. One that is there already keeps its hits.
   * @param inBootTime the wall clock's instants by the kernel's clock, as of now
   */
  replaceAll: (map: JailMap, bans: readonly Ban[], inBootTime: InBootTime) => Promise<void>
  apply: (map: JailMap, changes: readonly Change[], inBootTime: InBootTime) => Promise<void>
  /** What banned prefixes leave out has changed. */
  applyHoles: (map: JailMap | undefined) => Promise<void>
  /** Makes the map hold these bans and no others. @returns how many were missing or wrong */
  reconcile: (map: JailMap) => Promise<number>
}

/** Of the bans that were hit at all: how often, and when last in nanoseconds since boot. */
export async function readHits({ pin, jail }: JailMap): Promise<Map<string, { hits: number; last: bigint }>> {
  const found = new Map<string, { hits: number; last: bigint }>()
  for (const { key, value } of (await readRows(pin)).values()) {
    if (jailOfRange(key) !== jail) continue
    const { hits, last } = readBan(value)
    if (hits > 0n) found.set(rangeOf(key), { hits: Number(hits), last })
  }
  return found
}

/** Whether any ban is in force. */
export async function hasBans({ pin, jail }: JailMap): Promise<boolean> {
  const rows = [...(await readRows(pin)).values()].filter(({ key }) => jailOfRange(key) === jail)
  const ends = rows.map(({ value }) => readBan(value).until).filter(until => until !== HOLE_NS)
  if (ends.length === 0) return false
  const { bootTime } = await openBootClock()
  const now = bootTime(0)(0)
  return ends.some(until => until > now)
}

/** An end that differs by less is that of the same ban, worked out anew. */
const SAME_END_NS = 1_000_000_000n

/** @param holesIn the ranges inside a banned prefix that are not banned */
export function createBans(holesIn: (ip: string) => readonly string[]): Bans {
  /** when each ends, in nanoseconds since boot: computed once, so that a clock that is set changes nothing */
  let ends = new Map<string, bigint>()
  /** what the prefixes among them leave out, as it stands in the map */
  let holes = new Set<string>()

  const holesOfAll = (): Set<string> =>
    new Set([...ends.keys()].flatMap(ip => (ip.includes('/') ? holesIn(ip) : [])))

  /** Steps, and those that holes come to. */
  const withHoles = (jail: number, steps: ReadonlyMap<string, Step>): Step[] => {
    const before = holes
    holes = holesOfAll()
    return stepsWithHoles(jail, steps, { before, wanted: holes, isBanned: ip => ends.has(ip) })
  }

  const reconcile = async (map: JailMap) => reconcileRows(map, await readRows(map.pin))

  /** @param there what the map holds */
  const reconcileRows = async ({ pin, jail }: JailMap, there: Map<string, Row>): Promise<number> => {
    const steps: Step[] = []
    holes = holesOfAll()
    const left = [...holes].filter(ip => !ends.has(ip)).map(ip => [ip, HOLE_NS] as const)
    // a hole stands before the ban around it
    for (const [ip, until] of [...left, ...ends]) {
      const key = rangeKey(jail, ip)
      const hex = key.toString('hex')
      const row = there.get(hex)
      there.delete(hex)
      const before = row && readBan(row.value)
      if (before?.until === until) continue
      steps.push({ key, value: banValue(key, { hits: 0n, last: 0n, ...before, until }) })
    }
    const wrong = steps.length
    for (const { key } of there.values()) if (jailOfRange(key) === jail) steps.push({ key })
    await writeRows(pin, steps)
    return wrong
  }

  return {
    async replaceAll(map, bans, inBootTime) {
      const there = await readRows(map.pin)
      ends = new Map(
        bans.map(({ ip, until }) => {
          const row = there.get(rangeKey(map.jail, ip).toString('hex'))
          const before = row ? readBan(row.value).until : 0n
          const end = inBootTime(until)
          return [ip, before > end - SAME_END_NS && before < end + SAME_END_NS ? before : end]
        }),
      )
      await reconcileRows(map, there)
    },

    async apply(map, changes, inBootTime) {
      const steps = new Map<string, Step>()
      for (const change of changes) {
        const ip = 'ban' in change ? change.ban.ip : change.unban
        const key = rangeKey(map.jail, ip)
        if ('ban' in change) {
          const until = inBootTime(change.ban.until)
          ends.set(ip, until)
          steps.set(ip, { key, value: banValue(key, { until, hits: 0n, last: 0n }) })
        } else if (ends.delete(ip)) steps.set(ip, { key })
      }
      const concernsHoles = holes.size > 0 || [...steps.keys()].some(ip => ip.includes('/'))
      const all = concernsHoles ? withHoles(map.jail, steps) : [...steps.values()]
      // a row to delete is not there when it came and went in these changes, or somebody was quicker
      await writeRows(map.pin, all).catch(() => reconcile(map))
    },

    async applyHoles(map) {
      if (map) await writeRows(map.pin, withHoles(map.jail, new Map())).catch(() => reconcile(map))
    },

    reconcile,
  }
}

/** Steps, before them those that make holes, and behind them those that fill some. */
function stepsWithHoles(
  jail: number,
  steps: ReadonlyMap<string, Step>,
  holes: { before: Set<string>; wanted: Set<string>; isBanned: (ip: string) => boolean },
): Step[] {
  const { before, wanted, isBanned } = holes
  const coming = [...wanted].filter(hole => (!before.has(hole) || steps.has(hole)) && !isBanned(hole))
  const going = [...before].filter(hole => !wanted.has(hole) && !steps.has(hole) && !isBanned(hole))
  // where a ban ends and leaves a hole, the row stays
  const others = [...steps].filter(([ip]) => !wanted.has(ip) || isBanned(ip))
  return [
    ...coming.map(hole => {
      const key = rangeKey(jail, hole)
      return { key, value: banValue(key, { until: HOLE_NS, hits: 0n, last: 0n }) }
    }),
    ...others.map(([, step]) => step),
    ...going.map(hole => ({ key: rangeKey(jail, hole) })),
  ]
}
