import type { Ban } from '../jail/ban.js'
import { type Backend, type Hits, MANY_CHANGES } from './backend.js'
import { checkDevices } from './bpf/attachment.js'
import { createBans, type JailMap, readHits } from './bpf/bans.js'
import { type BootClock, openBootClock } from './bpf/boot-clock.js'
import { swallowsIpv4 } from './bpf/contract.js'
import { createDeviceEvents } from './bpf/device-events.js'
import { findJail } from './bpf/entries.js'
import { createInstallation, type Options as InstallationOptions } from './bpf/installation.js'
import { CannotLoad, checkLoadable } from './bpf/loadable.js'
import { pinsOfThisNetwork } from './bpf/pins.js'
import { packetHint } from './hints.js'

export interface Options extends InstallationOptions {
  /** the ranges inside a banned prefix that are not banned */
  holesIn?: ((ip: string) => readonly string[]) | undefined
}

/** Clocks that differ by less are told by no one. */
const TOLD_MS = 1_000

/** How much of the time may go into checking all bans. */
const CHECK_SHARE = 0.01

/**
 * A program of ours in the kernel (bpf/xff_ban.bpf.c) reads the requests as they arrive, finds the client as uwsgi-parse
 * does, and answers the banned in the app's stead. The ends of bans are in its map, so the kernel ends them even when
 * every process of ours is dead. All names and ports of a network namespace share one program and its maps.
 */
export function bpfBackend(options: Options): Backend {
  const { name, object, now, warn } = options
  const bans = createBans(options.holesIn ?? (() => []))
  const installation = createInstallation(options)
  let nextCheckAt = 0
  const events = createDeviceEvents(installation.devicesChanged, () => installation.map() !== undefined)
  let clock: BootClock | undefined
  const compareClocks = async (): Promise<BootClock> => {
    clock = await openClock(clock?.behind ?? 0, warn)
    return clock
  }

  /** Checks all bans; where there are very many, not each time. */
  const checkBy =
    ({ sinceBoot }: BootClock) =>
    async (map: JailMap, isNew: boolean): Promise<number> => {
      const start = sinceBoot()
      // a map that is new to us holds none
      if (start < nextCheckAt && !isNew) return 0
      const missing = await bans.reconcile(map)
      const end = sinceBoot()
      nextCheckAt = end + (end - start) / CHECK_SHARE
      return missing
    }

  const checkAll = async (): Promise<string[]> => {
    const compared = await compareClocks()
    const problems = await installation.reconcile(checkBy(compared))
    events.checked(compared.sinceBoot())
    return problems
  }

  return {
    ...{ name: `bpf program, jail ${name}`, atOnce: MANY_CHANGES },

    hint: packetHint(options.protocol),

    refuses: ip => (swallowsIpv4(ip) ? 'an IPv6 prefix this wide would take in all of IPv4' : undefined),

    makesHoles: () => true,

    async open(inForce: readonly Ban[]) {
      await checkLoadable(object)
      const unused = await checkDevices(options.devices)
      if (installation.map() === undefined) for (const warning of unused) warn(warning)
      await installation.removeStale()
      // while the kernel loads the program
      const comparing = compareClocks()
      comparing.catch(() => {})
      const fill = async (map: JailMap) => {
        const { bootTime } = await comparing
        await bans.replaceAll(map, inForce, bootTime(now()))
        return 0
      }
      await installation.reconcile(fill).catch(async error => {
        if (error instanceof CannotLoad) await installation.remove().catch(() => {})
        throw error
      })
    },

    async apply(changes) {
      const map = installation.map()
      if (map && clock) await bans.apply(map, changes, clock.bootTime(now()))
    },

    async reconcile() {
      const isEnough = clock && events.take(clock.sinceBoot())
      const problems = await (isEnough ? installation.follow() : checkAll())
      return problems.length === 0 ? undefined : problems.join('; ')
    },

    holesChanged: async () => bans.applyHoles(installation.map()),
    ...{ alarmed: events.alarmed, watch: events.watch, flush: installation.remove },

    async hits() {
      const map = installation.map()
      return map ? await hitsIn(map, now) : new Map()
    },
  }
}

/**
 * Looks again now and then: what is in the place of /proc/uptime may change.
 * @param before how far it was behind when last looked at, in milliseconds
 */
async function openClock(before: number, warn: (message: string) => void): Promise<BootClock> {
  const clock = await openBootClock()
  if (Math.abs(clock.behind - before) >= TOLD_MS) {
    const seconds = Math.round(clock.behind / 1000)
    warn(
      `/proc/uptime is ${seconds} s behind the kernel's clock, as in a container with lxcfs or in a time namespace; ` +
        "bans end by the kernel's",
    )
  }
  return clock
}

/**
 * What the bans of a name have stopped, whether or not its xff-ban runs.
 * @param now the wall clock, milliseconds since 1970
 * @returns undefined where there are none in the kernel, or we may not look
 */
export async function hitsInKernel(name: string, now: () => number): Promise<Map<string, Hits> | undefined> {
  const pins = pinsOfThisNetwork()
  if (!pins.exist()) return undefined
  const jail = await findJail(pins, name)
  return jail === undefined ? undefined : await hitsIn({ pin: pins.table('bans'), jail }, now)
}

async function hitsIn(map: JailMap, now: () => number): Promise<Map<string, Hits>> {
  const found = [...(await readHits(map))]
  if (found.length === 0) return new Map()
  const { wallTime } = await openBootClock()
  return new Map(found.map(([ip, { hits, last }]) => [ip, { hits, last: wallTime(last, now()) }]))
}
