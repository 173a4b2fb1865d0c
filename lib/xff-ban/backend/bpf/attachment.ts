import { statSync } from 'node:fs'
import { messageOf } from '../../../exit.js'
import { isGlob, matchesGlob } from '../../../text/glob.js'
import { BackendError } from '../backend.js'
import {
  type Attached,
  attach,
  filtersBeforeOurs,
  listAttached,
  type Outcome,
  type Place,
  PREF,
} from './devices.js'
import { reconcileDevices } from './entries.js'
import { type Device, deviceSignature, type Hook, listDevices } from './links.js'
import { type Pins, programId } from './pins.js'
import { together } from './together.js'

/** The program on all devices that are on the way of requests. */
export interface Attachment {
  /**
   * Attaches it where it is missing.
   * @param programs the folder of the pinned programs
   * @param equivalent the ids of other programs that do as well
   * @returns the devices that have lost it
   * @throws PlaceTaken for a device that is named, or where none is left
   */
  follow: (pins: Pins, programs: string, equivalent: ReadonlySet<number>) => Promise<string[]>
  /** whether devices have come or gone since */
  isBehind: () => boolean
  /** Nothing is attached any more. */
  forget: () => void
}

/** @param named where it is to be; none: everywhere */
export function createAttachment(named: readonly string[], warn: (message: string) => void): Attachment {
  /** the places that had the program when last seen, and the numbers of their devices: a name may be given again */
  let attachedTo: ReadonlyMap<string, number | undefined> = new Map()
  let signature = ''
  const idsNow = rememberedIds()
  let problemsWhenLastSeen: readonly string[] = []

  return {
    async follow(pins, programs, equivalent) {
      signature = deviceSignature()
      const [devices, before] = await Promise.all([listDevices(named), listAttached()])
      // before the programs, which look up what their devices are
      const known = reconcileDevices(pins, rowsOf(devices, before))
      const [found] = await together([idsNow(programs), known])
      const missing = missingPlaces(devices, before, programs, found, equivalent)
      const { attached, taken } = await attach(missing)
      const problems = problemsOf({ attached, taken }, named.length > 0, before.length === 0)
      if (attached.length > 0) await reconcileDevices(pins, rowsOf(devices, [...before, ...attached]))
      const numbers = new Map(devices.map(({ name, index }) => [name, index]))
      const gone = attached.filter(place => attachedTo.get(nameOf(place)) === numbers.get(place.device))
      const isMissing = new Set(missing.map(nameOf))
      const there = placesOf(devices).filter(place => !isMissing.has(nameOf(place)))
      attachedTo = new Map([...there, ...attached].map(place => [nameOf(place), numbers.get(place.device)]))
      problems.push(...(await passedBefore([...there, ...attached])))
      for (const problem of problems.filter(problem => !problemsWhenLastSeen.includes(problem))) warn(problem)
      problemsWhenLastSeen = problems
      // while devices change it may be another one by the same name
      return deviceSignature() === signature ? [...new Set(gone.map(({ device }) => device))] : []
    },

    isBehind: () => deviceSignature() !== signature,

    forget() {
      attachedTo = new Map()
    },
  }
}

/**
 * @returns the patterns that no device fits, for people to read
 * @throws BackendError for a device that is named and not there
 */
export async function checkDevices(named: readonly string[]): Promise<string[]> {
  const there = (await listDevices(named)).map(({ name }) => name)
  const missing = named.filter(pattern => !there.some(name => matchesGlob(name, pattern)))
  const name = missing.find(pattern => !isGlob(pattern))
  if (name !== undefined) throw new BackendError(`--dev ${name}: there is no such device`)
  return missing.map(
    pattern => `--dev ${pattern}: no device fits yet, and nobody is refused there until one does`,
  )
}

/** The devices by which requests may come and where the program is missing, as those that `--dev` leaves out. */
export async function devicesWithout(): Promise<string[]> {
  const [devices, attached] = await Promise.all([listDevices([]), listAttached()])
  const there = new Set(attached.map(nameOf))
  const missing = placesOf(devices).filter(place => !there.has(nameOf(place)))
  return [...new Set(missing.map(({ device }) => device))]
}

const nameOf = ({ device, hook }: Pick<Place, 'device' | 'hook'>) => `${device} ${hook}`

function placesOf(devices: readonly Device[]) {
  return devices.flatMap(({ name: device, hooks }) =>
    [...hooks].map(([hook, program]) => ({ device, hook, program })),
  )
}

/** Where another program is, or none. */
function missingPlaces(
  devices: readonly Device[],
  attached: readonly Attached[],
  programs: string,
  ids: ReadonlyMap<string, number>,
  equivalent: ReadonlySet<number>,
): Place[] {
  const there = new Map(attached.map(place => [nameOf(place), place.id]))
  return placesOf(devices)
    .filter(place => {
      const id = there.get(nameOf(place))
      return id === undefined || !(id === ids.get(place.program) || equivalent.has(id))
    })
    .map(({ device, hook, program }) => ({ device, hook, program: `${programs}/${program}` }))
}

/** `idsOf`, which is asked once for each folder. */
function rememberedIds(): typeof idsOf {
  let ids: { of: string; found: ReadonlyMap<string, number> } | undefined
  return async programs => {
    // where it was pinned anew it is another file
    const of = `${programs} ${statSync(programs).ino}`
    if (ids?.of !== of) ids = { of, found: await idsOf(programs) }
    return ids.found
  }
}

async function idsOf(programs: string): Promise<ReadonlyMap<string, number>> {
  const names = ['xff_ban_ether', 'xff_ban_plain', 'xff_ban_leaving'] as const
  return new Map(await Promise.all(names.map(async name => [name, await programId(programs, name)] as const)))
}

/** What the kernel program has to know of each device, by its number. */
function rowsOf(devices: readonly Device[], attached: readonly { device: string; hook: Hook }[]) {
  const leaving = new Set(attached.filter(({ hook }) => hook === 'egress').map(({ device }) => device))
  return new Map(
    devices.map(({ name, index, netns, handsOn, members }) => {
      const isLeaving = leaving.has(name) || (members.length > 0 && members.every(one => leaving.has(one)))
      return [index, { netns, handsOn, isLeaving }]
    }),
  )
}

/** @throws PlaceTaken */
function problemsOf({ attached, taken }: Outcome, isNamed: boolean, isNew: boolean): string[] {
  const [problem] = taken
  if (problem && (isNamed || (isNew && attached.length === 0))) throw problem
  const messages = new Set(taken.map(messageOf))
  return [...messages].map(message => `${message}: requests that pass there are not looked at`)
}

/** What passes unread because of others' filters, for people to read. */
async function passedBefore(places: readonly Pick<Place, 'device' | 'hook'>[]): Promise<string[]> {
  return (await filtersBeforeOurs(places)).map(
    ({ device, hook, prefs }) =>
      `${device}: another filter comes before ours at its ${hook} (pref ${prefs.join(', ')}), and requests that it ` +
      `accepts (TC_ACT_OK) pass unread: let it answer TC_ACT_UNSPEC, or give it a pref above ${PREF}`,
  )
}
