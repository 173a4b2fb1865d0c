import { messageOf } from '../../../exit.js'
import { counted } from '../../../text/counted.js'
import { BackendError } from '../backend.js'
import type { JailMap } from './bans.js'
import type { Policy } from './contract.js'
import {
  attach,
  type Device,
  detach,
  deviceSignature,
  listAttached,
  listDevices,
  PlaceTaken,
} from './devices.js'
import {
  claimJail,
  findJail,
  hasJails,
  ownerOfPort,
  reconcilePorts,
  reconcileText,
  reconcileTrust,
  removeJail,
} from './entries.js'
import { asKernelAllows } from './loadable.js'
import { pinsOfThisNetwork, programId } from './pins.js'

export interface Options extends Policy {
  /** of the jail: its name in the kernel */
  name: string
  /** the app's ports: where requests from the front end arrive */
  ports: readonly number[]
  /** the trusted proxies, where `hops` is 0 */
  trust: readonly string[]
  /** where the front end's packets come in; none: on every device */
  devices: readonly string[]
  /** the built kernel program */
  object: string
  /** the wall clock, milliseconds since 1970 */
  now: () => number
  warn: (message: string) => void
}

/** A process that has loaded the program attaches it within this time, or is dead. */
const ATTACH_MS = 10_000
/** How often it is tried again when another jail removes what we build on. */
const MAX_ATTEMPTS = 3

/** The program, its maps and its devices, as one jail needs them; the kernel keeps them when the process ends. */
export interface Installation {
  /**
   * Loads, fills and attaches what is missing, in an order in which nothing works before all it needs is there.
   * @param fill makes the map of bans what it should be, and returns how many were missing
   * @returns what was missing
   */
  reconcile: (fill: (map: JailMap, isNew: boolean) => Promise<number>) => Promise<string[]>
  /** the map of bans, once it is there */
  map: () => JailMap | undefined
  /** whether devices have come or gone since the last `reconcile` */
  devicesChanged: () => boolean
  /** Removes what a dead process has left behind: loaded, and attached nowhere. */
  removeStale: () => Promise<void>
  /** Removes the jail, and the program when no other jail needs it. */
  remove: () => Promise<void>
}

export function createInstallation(options: Options): Installation {
  const { name, ports, object, now, warn } = options
  let map: JailMap | undefined
  /** the devices that had the program when last seen */
  let attachedTo: ReadonlySet<string> = new Set()
  let signature = ''
  let takenWhenLastSeen: readonly string[] = []

  const attachAll = async (programs: string): Promise<string[]> => {
    signature = deviceSignature()
    const { devices, attachedNow, taken } = await attachWhereMissing(options.devices, programs)
    for (const problem of taken.filter(problem => !takenWhenLastSeen.includes(problem)))
      warn(`${problem}: requests that arrive there pass`)
    takenWhenLastSeen = taken
    const gone = attachedNow.filter(device => attachedTo.has(device))
    attachedTo = new Set(devices)
    return gone
  }

  const reconcile = async (fill: (map: JailMap, isNew: boolean) => Promise<number>): Promise<string[]> => {
    const pins = pinsOfThisNetwork()
    const existed = pins.exist()
    const programs = await asKernelAllows(() => pins.load(object, now()))
    await checkPorts(pins, name, ports)
    const isNew = (await findJail(pins, name)) === undefined
    map = { pin: pins.table('bans'), jail: await claimJail(pins, name) }
    const trust = await reconcileTrust(pins, map.jail, options.hops > 0 ? [] : options.trust)
    const text = await reconcileText(pins, map.jail, options)
    const bans = await fill(map, isNew)
    const missingPorts = await reconcilePorts(pins, map.jail, ports, options)
    const gone = await asKernelAllows(() => attachAll(programs))
    pins.forgetOthers(programs)
    return [
      ...(existed ? [] : ['the program was gone']),
      ...(trust > 0 ? [`${counted(trust, 'trusted range')} missing`] : []),
      ...(text > 0 ? ['the text of --answer-text missing'] : []),
      ...(bans > 0 ? [`${counted(bans, 'ban')} missing`] : []),
      ...(missingPorts > 0 ? [`${counted(missingPorts, 'port')} missing`] : []),
      ...gone.map(device => `the program was gone from ${device}`),
    ]
  }

  return {
    reconcile: fill => againWhenRemoved(() => reconcile(fill)),
    map: () => map,
    devicesChanged: () => map !== undefined && deviceSignature() !== signature,

    async removeStale() {
      const pins = pinsOfThisNetwork()
      const isStale = pins.exist() && pins.age(now()) > ATTACH_MS
      if (isStale && (await listAttached()).length === 0) pins.remove()
    },

    async remove() {
      const pins = pinsOfThisNetwork()
      if (pins.exist()) {
        const jail = await findJail(pins, name)
        if (jail !== undefined) await removeJail(pins, jail)
        if (await hasJails(pins)) return
      }
      for (const { device } of await listAttached()) await detach(device)
      pins.remove()
      attachedTo = new Set()
    },
  }
}

/** @throws BackendError for a device that is named and not there */
export async function checkDevices(named: readonly string[]): Promise<void> {
  const there = new Set((await listDevices(named)).map(({ name }) => name))
  const missing = named.find(name => !there.has(name))
  if (missing !== undefined) throw new BackendError(`--dev ${missing}: there is no such device`)
}

async function checkPorts(
  pins: ReturnType<typeof pinsOfThisNetwork>,
  name: string,
  ports: readonly number[],
): Promise<void> {
  for (const port of ports) {
    const owner = await ownerOfPort(pins, name, port)
    if (owner === undefined) continue
    throw new BackendError(`--port ${port}: --name ${owner} bans there; with --flush it gives the port away`)
  }
}

/**
 * @returns the devices that have the program, those to which it had to be attached, and what is wrong with others
 * @throws PlaceTaken for a device that is named, or where none is left
 */
async function attachWhereMissing(
  named: readonly string[],
  programs: string,
): Promise<{ devices: string[]; attachedNow: string[]; taken: string[] }> {
  const attached = new Map((await listAttached()).map(({ device, id }) => [device, id]))
  const ids = new Map<string, number>()
  const isAttached = async ({ name, program }: Device) => {
    const id = ids.get(program) ?? (await programId(programs, program))
    ids.set(program, id)
    return attached.get(name) === id
  }
  const devices: string[] = []
  const attachedNow: string[] = []
  const taken: PlaceTaken[] = []
  for (const device of await listDevices(named)) {
    if (!(await isAttached(device))) {
      const isThere = await attach(device, programs).catch(error => {
        if (!(error instanceof PlaceTaken) || named.length > 0) throw error
        taken.push(error)
        return false
      })
      if (!isThere) continue
      attachedNow.push(device.name)
    }
    devices.push(device.name)
  }
  const [problem] = taken
  if (problem && devices.length === 0) throw problem
  return { devices, attachedNow, taken: taken.map(messageOf) }
}

/** Another jail that is flushed may remove meanwhile what no jail seemed to need. */
async function againWhenRemoved<T>(work: () => Promise<T>): Promise<T> {
  for (let left = MAX_ATTEMPTS; ; left--) {
    try {
      return await work()
    } catch (error) {
      if (left <= 1 || !/No such file or directory/.test(messageOf(error))) throw error
    }
  }
}
