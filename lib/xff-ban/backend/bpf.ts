import { messageOf } from '../../exit.js'
import { counted } from '../../text/counted.js'
import type { Ban } from '../jail/jail.js'
import { type Backend, BackendError, type Hits } from './backend.js'
import { createBans, type Place, readHits } from './bpf/bans.js'
import { sinceBoot, wallTime } from './bpf/boot-clock.js'
import { type Policy, swallowsIpv4 } from './bpf/contract.js'
import { attach, type Device, detach, deviceNames, listAttached, listDevices } from './bpf/devices.js'
import {
  claimJail,
  findJail,
  hasJails,
  ownerOfPort,
  removeJail,
  settlePorts,
  settleTrust,
} from './bpf/entries.js'
import { asKernelAllows, CannotLoad, checkLoadable } from './bpf/loadable.js'
import { pinsOfThisNetwork, programId } from './bpf/pins.js'
import { packetHint } from './hints.js'

export interface Options extends Policy {
  /** of the jail: its name in the kernel */
  name: string
  /** the app's ports: where requests from the front end arrive */
  ports: readonly number[]
  /** the hops that are ours, where `hops` is 0 */
  trust: readonly string[]
  /** where the front end's packets come in; none: wherever they may */
  devices: readonly string[]
  /** the built kernel program */
  object: string
  /** the wall clock, milliseconds since 1970 */
  now: () => number
}

/** Who has loaded the program attaches it this soon, or is dead; in milliseconds. */
const SOON = 10_000
/** How much of the time may go into looking through all bans. */
const SHARE = 0.01
/** How often we begin again when another name removes what we build on. */
const ATTEMPTS = 3

/**
 * A program of ours in the kernel (bpf/xff_ban.bpf.c) reads the requests as they arrive, finds the client as uwsgi-parse
 * does, and answers the banned in the app's stead. The ends of bans are in its table, so the kernel ends them whatever
 * has become of us. All names and ports of a network namespace share one program and its tables.
 */
export function bpfBackend(options: Options): Backend {
  const { name, ports, object, now } = options
  const bans = createBans()
  /** where they stand; known once the program is loaded */
  let place: Place | undefined
  /** the devices that had the program when last seen */
  let followed = new Set<string>()
  /** the names of all there were */
  let names = ''
  let lookAgainAt = 0

  /**
   * Loads, fills and attaches what is not there; in an order in which nothing works before all it needs is there.
   * @param fill fills the table of bans, and returns how many were missing
   * @returns what was amiss
   */
  const build = async (fill: (place: Place) => Promise<number>): Promise<string[]> => {
    const pins = pinsOfThisNetwork()
    const wasThere = pins.exist()
    const programs = await asKernelAllows(() => pins.load(object, now()))
    for (const port of ports) {
      const owner = await ownerOfPort(pins, name, port)
      if (owner === undefined) continue
      throw new BackendError(
        `--port ${port}: --name ${owner} bans there; with --flush it gives the port away`,
      )
    }
    // in tables that are new to us nothing stands
    if ((await findJail(pins, name)) === undefined) lookAgainAt = 0
    place = { pin: pins.table('bans'), jail: await claimJail(pins, name) }
    const trust = await settleTrust(pins, place.jail, options.hops > 0 ? [] : options.trust)
    const missing = await fill(place)
    const policed = await settlePorts(pins, place.jail, ports, options)
    const gone = await asKernelAllows(() => attachAll(programs))
    pins.forgetOthers(programs)
    return [
      ...(wasThere ? [] : ['the program was gone']),
      ...(trust > 0 ? [`${counted(trust, 'trusted range')} missing`] : []),
      ...(missing > 0 ? [`${counted(missing, 'ban')} missing`] : []),
      ...(policed > 0 ? [`${counted(policed, 'port')} missing`] : []),
      ...gone.map(device => `the program was gone from ${device}`),
    ]
  }

  /** Attaches the program wherever it is not. @returns the devices from which it had been taken */
  const attachAll = async (programs: string): Promise<string[]> => {
    names = deviceNames()
    const devices = await listDevices(options.devices)
    const attached = new Map((await listAttached()).map(({ device, id }) => [device, id]))
    const ids = new Map<string, number>()
    const isAttached = async ({ name, program }: Device) => {
      const id = ids.get(program) ?? (await programId(programs, program))
      ids.set(program, id)
      return attached.get(name) === id
    }
    const gone: string[] = []
    for (const device of devices) {
      if (await isAttached(device)) continue
      await attach(device, programs)
      if (followed.has(device.name)) gone.push(device.name)
    }
    followed = new Set(devices.map(({ name }) => name))
    return gone
  }

  /** Looks through all bans; where there are very many, not each time. */
  const look = async (at: Place): Promise<number> => {
    const start = sinceBoot()
    if (start < lookAgainAt) return 0
    const missing = await bans.restore(at)
    const end = sinceBoot()
    lookAgainAt = end + (end - start) / SHARE
    return missing
  }

  const flush = async () => {
    const pins = pinsOfThisNetwork()
    if (pins.exist()) {
      const jail = await findJail(pins, name)
      if (jail !== undefined) await removeJail(pins, jail)
      if (await hasJails(pins)) return
    }
    for (const { device } of await listAttached()) await detach(device)
    pins.remove()
    followed = new Set()
  }

  return {
    name: `bpf program, jail ${name}`,

    hint: packetHint(options.protocol),

    refuses: ip => (swallowsIpv4(ip) ? 'an IPv6 prefix this wide would take in all of IPv4' : undefined),

    async open(inForce: readonly Ban[]) {
      await checkLoadable(object)
      await checkDevices(options.devices)
      const pins = pinsOfThisNetwork()
      // left behind: whoever lives has it attached, or will have soon
      const old = pins.exist() && pins.age(now()) > SOON
      if (old && (await listAttached()).length === 0) pins.remove()
      const fill = async (at: Place) => {
        await bans.replace(at, inForce, now())
        return 0
      }
      await repeated(() => build(fill)).catch(async error => {
        if (error instanceof CannotLoad) await flush().catch(() => {})
        throw error
      })
    },

    async apply(changes) {
      if (place) await bans.apply(place, changes, now())
    },

    async verify() {
      const amiss = await repeated(() => build(look))
      return amiss.length === 0 ? undefined : amiss.join('; ')
    },

    alarmed: () => place !== undefined && deviceNames() !== names,

    flush,

    async hits() {
      return place ? await hitsAt(place, now) : new Map()
    },
  }
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
  return jail === undefined ? undefined : await hitsAt({ pin: pins.table('bans'), jail }, now)
}

async function hitsAt(place: Place, now: () => number): Promise<Map<string, Hits>> {
  const found = [...(await readHits(place))]
  return new Map(found.map(([ip, { hits, last }]) => [ip, { hits, last: wallTime(last, now()) }]))
}

async function checkDevices(named: readonly string[]): Promise<void> {
  const there = new Set((await listDevices(named)).map(({ name }) => name))
  const missing = named.find(name => !there.has(name))
  if (missing !== undefined) throw new BackendError(`--dev ${missing}: there is no such device`)
}

/** Another name that flushes may remove under our hands what nobody seemed to need. */
async function repeated<T>(work: () => Promise<T>): Promise<T> {
  for (let left = ATTEMPTS; ; left--) {
    try {
      return await work()
    } catch (error) {
      if (left <= 1 || !/No such file or directory/.test(messageOf(error))) throw error
    }
  }
}
