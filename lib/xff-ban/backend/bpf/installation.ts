import { messageOf } from '../../../exit.js'
import { counted } from '../../../text/counted.js'
import { BackendError, DEFAULT_NAME } from '../backend.js'
import { createAttachment } from './attachment.js'
import { hasBans, type JailMap } from './bans.js'
import { type Policy, readName } from './contract.js'
import { type Attached, detach, listAttached } from './devices.js'
import {
  claimJail,
  findJail,
  hasJails,
  ownerOfPort,
  reconcilePorts,
  reconcileTargets,
  reconcileText,
  reconcileTrust,
  removeJail,
  type Translation,
} from './entries.js'
import { asKernelAllows } from './loadable.js'
import {
  forgetDeadNetworks,
  type Pins,
  pinnedPrograms,
  pinsOfThisNetwork,
  removeOtherLayouts,
} from './pins.js'
import { createSharing, type Sharing } from './takeover.js'
import { together } from './together.js'

export interface Options extends Policy {
  /** of the jail: its name in the kernel */
  name: string
  /** the app's ports: where requests from the front end arrive */
  ports: readonly number[]
  /** the trusted proxies, where `hops` is 0 */
  trust: readonly string[]
  /** where the front end's packets come in or leave: names, or patterns; none: on every device */
  devices: readonly string[]
  /** what NAT of this host makes of the ports */
  translations: () => Promise<{ targets: readonly Translation[]; aliases: readonly number[] }>
  /** the built kernel program */
  object: string
  /** the wall clock, milliseconds since 1970 */
  now: () => number
  /** does something while no process bans by a name; returns whether that was so for certain */
  whileFree?: ((name: string, work: () => Promise<void>) => Promise<boolean>) | undefined
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
  /** whether devices have come or gone since they were last followed */
  devicesChanged: () => boolean
  /**
   * Follows the devices and NAT, and no more: what is in the tables stays as it is.
   * @returns what was missing
   */
  follow: () => Promise<string[]>
  /** Removes what the dead have left behind: loaded and attached nowhere, or of a network namespace that is gone. */
  removeStale: () => Promise<void>
  /** Removes the jail, and the program when no other jail needs it. */
  remove: () => Promise<void>
}

export function createInstallation(options: Options): Installation {
  const { name, object, now, warn } = options
  const attachment = createAttachment(options.devices, warn)
  let map: JailMap | undefined
  const sharing = createSharing(options)
  const policePorts = createPolicing(options)

  const reconcile = async (fill: (map: JailMap, isNew: boolean) => Promise<number>): Promise<string[]> => {
    const pins = pinsOfThisNetwork()
    const existed = pins.exist()
    const programs = await asKernelAllows(() => sharing.load(pins))
    await takePorts(pins, options)
    const isNew = (await findJail(pins, name)) === undefined
    map = { pin: pins.table('bans'), jail: await claimJail(pins, name) }
    // each has a table of its own, and nothing works before there are ports
    const [trust, text, bans] = await together([
      reconcileTrust(pins, map.jail, options.hops > 0 ? [] : options.trust),
      reconcileText(pins, map.jail, options),
      fill(map, isNew),
    ])
    const missingPorts = await policePorts(pins, map.jail)
    const gone = await asKernelAllows(() => attachment.follow(pins, programs, sharing.equivalent()))
    pins.forgetOthers(programs)
    await forgetOtherVersions(pins, options)
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
    devicesChanged: () => map !== undefined && attachment.isBehind(),

    async follow() {
      const pins = pinsOfThisNetwork()
      if (map === undefined || !pins.exist()) return []
      const gone = await attachment.follow(pins, await pins.load(object, now()), sharing.equivalent())
      await policePorts(pins, map.jail)
      return gone.map(device => `the program was gone from ${device}`)
    },

    async removeStale() {
      forgetDeadNetworks()
      const pins = pinsOfThisNetwork()
      const isStale = pins.exist() && pins.age(now()) > ATTACH_MS
      if (isStale && (await listAttached()).length === 0) pins.remove()
    },

    async remove() {
      await removeFromKernel(name, sharing)
      attachment.forget()
    },
  }
}

async function removeFromKernel(name: string, sharing: Sharing): Promise<void> {
  const pins = pinsOfThisNetwork()
  const existed = pins.exist()
  const attached = await listAttached()
  const own = new Set((await pinnedPrograms(pins)).map(({ id }) => id))
  const isOurs = ({ id }: Attached) => own.has(id)
  // names of another mount namespace are in the same tables
  if (!attached.every(isOurs)) await sharing.load(pins)
  if (pins.exist()) {
    const jail = await findJail(pins, name)
    if (jail !== undefined) await removeJail(pins, jail)
    if (await hasJails(pins)) {
      if (!existed) pins.remove()
      return
    }
  }
  await detach(attached.filter(one => !sharing.isBarred() || isOurs(one)))
  pins.remove()
}

/** Makes the ports what they are by what NAT makes of them; returns how many were missing. */
function createPolicing(options: Options): (pins: Pins, jail: number) => Promise<number> {
  const { ports } = options
  let lastTranslations = ''
  return async (pins, jail) => {
    const nat = await options.translations()
    const translated = new Set(nat.targets.map(({ port }) => port))
    // first where they are looked at as they leave, then not any more as they come in
    const targets = await reconcileTargets(pins, ports, nat.targets)
    const policed = [...ports, ...nat.aliases]
    const missing = targets + (await reconcilePorts(pins, jail, policed, translated, options))
    const isNew = JSON.stringify(nat) !== lastTranslations
    lastTranslations = JSON.stringify(nat)
    // what NAT has changed is no damage
    return isNew ? 0 : missing
  }
}

/** The tables of a version before are of no use once its program is nowhere; what other names banned by them is said. */
async function forgetOtherVersions(pins: Pins, { name, warn }: Options): Promise<void> {
  for (const rows of await removeOtherLayouts(pins)) {
    for (const other of rows.map(({ value }) => readName(value)).filter(other => other !== name)) {
      warn(
        `the bans of --name ${other} were made by another version, and are in force again when its xff-ban is restarted`,
      )
    }
  }
}

/**
 * A name that nobody uses any more gives its ports away if it has no bans, or if it is that of a jail tried by hand: what
 * that has banned must not keep a service from starting, and comes again with the log.
 * @throws BackendError for any other
 */
async function takePorts(pins: Pins, { name, ports, whileFree, warn }: Options): Promise<void> {
  for (const port of ports) {
    const owner = await ownerOfPort(pins, name, port)
    if (owner === undefined) continue
    const jail = await findJail(pins, owner)
    const remove = async () => {
      if (jail !== undefined) await removeJail(pins, jail)
    }
    const isIdle = jail !== undefined && !(await hasBans({ pin: pins.table('bans'), jail }))
    if ((isIdle || owner === DEFAULT_NAME) && (await whileFree?.(owner, remove)) === true) {
      const bans = isIdle ? 'and which has no bans' : 'and whose bans end with that'
      warn(`--port ${port} was that of --name ${owner}, which no process runs ${bans}`)
      continue
    }
    throw new BackendError(
      `--port ${port}: --name ${owner} bans there; xff-ban flush --port ${port} --name ${owner} frees it, where no process runs it`,
    )
  }
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
