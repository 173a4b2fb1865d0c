import { BackendError } from '../backend.js'
import { runBatch, runProgram } from '../run-program.js'
import type { Hook } from './links.js'

/** Our preference among the filters of a device (`pref` of tc). */
export const PREF = 49_152
/** By their names the programs are known, of whatever version. */
const OURS = /^xff_ban_/

/** How tc says that a device is not there. */
const IS_GONE = /Cannot find device|No such device/

/** Another program has our place among the filters of a device. */
export class PlaceTaken extends BackendError {}

/** A program of ours on a device. */
export interface Attached {
  device: string
  hook: Hook
  /** the kernel's id of the program */
  id: number
}

/** Where a program of ours is to be attached. */
export interface Place {
  device: string
  hook: Hook
  /** a pinned program */
  program: string
}

/** Where programs of ours are at work in this network namespace. */
export async function listAttached(): Promise<Attached[]> {
  const [{ tc = [] } = {}] = JSON.parse(await runProgram(['bpftool', '-j', 'net', 'show'])) as [
    { tc?: { devname: string; kind: string; name: string; id: number }[] }?,
  ]
  return tc.flatMap(({ devname, kind, name, id }) => {
    const hook = kind.endsWith('/ingress') ? 'ingress' : kind.endsWith('/egress') ? 'egress' : undefined
    return hook !== undefined && OURS.test(name) ? { device: devname, hook, id } : []
  })
}

/** What came of the places at which programs were to be attached. */
export interface Outcome {
  /** those where they are now: a device may have gone meanwhile */
  attached: Place[]
  taken: PlaceTaken[]
}

/**
 * Attaches programs to devices, in the places of earlier ones without a gap; all of them in three runs of tc.
 * @throws BackendError where the kernel does not let us
 */
export async function attach(places: readonly Place[]): Promise<Outcome> {
  if (places.length === 0) return { attached: [], taken: [] }
  const devices = [...new Set(places.map(({ device }) => device))]
  const prepared = await tc(devices.map(device => `qdisc add dev ${device} clsact`))
  throwUnless(prepared, /File exists|Exclusivity flag on/)
  const shown = await tc(places.map(({ device, hook }) => `filter show dev ${device} ${hook}`))
  throwUnless(shown)
  const taken = places.flatMap(({ device }, i) => {
    const foreign = shown[i]?.filters.find(
      ({ pref, options }) => pref === PREF && options && !isOurs(options),
    )
    if (!foreign) return []
    return new PlaceTaken(`${device}: another program has our place among its filters (pref ${PREF})`)
  })
  const free = places.filter(
    ({ device }, i) =>
      shown[i]?.error === undefined && !taken.some(({ message }) => message.startsWith(`${device}:`)),
  )
  const replaced = await tc(
    free.map(
      ({ device, hook, program }) =>
        `filter replace dev ${device} ${hook} pref ${PREF} handle 1 bpf da object-pinned ${program}`,
    ),
  )
  throwUnless(replaced)
  return { attached: free.filter((_, i) => replaced[i]?.error === undefined), taken }
}

/** Takes programs off, and what was made for them. A device that has gone took its program along. */
export async function detach(places: readonly Pick<Attached, 'device' | 'hook'>[]): Promise<void> {
  throwUnless(
    await tc(places.map(({ device, hook }) => `filter del dev ${device} ${hook} pref ${PREF}`)),
    /Cannot find|No such file/,
  )
  const devices = [...new Set(places.map(({ device }) => device))]
  const rest = await tc(
    devices.flatMap(device => [`filter show dev ${device} ingress`, `filter show dev ${device} egress`]),
  )
  const unused = devices.filter((_, i) =>
    rest.slice(2 * i, 2 * i + 2).every(({ error, filters }) => error === undefined && filters.length === 0),
  )
  throwUnless(await tc(unused.map(device => `qdisc del dev ${device} clsact`)))
}

/**
 * The filters of others that see a packet before ours does: what they accept (TC_ACT_OK) or send elsewhere is read by
 * nobody behind them.
 * @returns the places that have some, and the preferences of these
 */
export async function filtersBeforeOurs<T extends Pick<Attached, 'device' | 'hook'>>(
  places: readonly T[],
): Promise<(T & { prefs: number[] })[]> {
  const shown = await tc(places.map(({ device, hook }) => `filter show dev ${device} ${hook}`))
  return places.flatMap((place, i) => {
    const filters = shown[i]?.filters ?? []
    const prefs = filters.flatMap(({ pref = PREF, options }) => (options && pref < PREF ? [pref] : []))
    return prefs.length > 0 ? [{ ...place, prefs }] : []
  })
}

interface Filter {
  pref?: number
  options?: { bpf_name?: string }
}

/** What came of one command of tc. */
interface Result {
  error?: string
  /** what it listed */
  filters: readonly Filter[]
}

/** Carries out commands one after the other, those after one that fails as well. */
async function tc(commands: readonly string[]): Promise<Result[]> {
  if (commands.length === 0) return []
  const { stdout, errors } = await runBatch(['tc', '-j', '-force', '-batch', '-'], commands)
  const listings = stdout.split('\n').filter(line => line.startsWith('['))
  return commands.map((command, i) => {
    const error = errors.get(i)
    if (error !== undefined) return { error, filters: [] }
    return { filters: command.startsWith('filter show') ? JSON.parse(listings.shift() ?? '[]') : [] }
  })
}

function throwUnless(results: readonly Result[], isHarmless?: RegExp): void {
  const failed = results.find(
    ({ error }) => error !== undefined && !IS_GONE.test(error) && !isHarmless?.test(error),
  )
  if (failed) throw new BackendError(`tc: ${failed.error}`)
}

function isOurs({ bpf_name }: { bpf_name?: string }): boolean {
  return bpf_name !== undefined && OURS.test(bpf_name)
}
