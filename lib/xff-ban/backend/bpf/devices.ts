import { readFileSync } from 'node:fs'
import { messageOf } from '../../../exit.js'
import { BackendError } from '../backend.js'
import { runProgram } from '../run-program.js'

/** The programs of the object: for frames with an Ethernet header, and without. */
export type Program = 'xff_ban_ether' | 'xff_ban_plain'

/** A network device that the program can work on. */
export interface Device {
  name: string
  program: Program
}

/** How iproute2 names the types of devices (lib/ll_types.c). */
const PROGRAMS: Readonly<Record<string, Program>> = {
  ether: 'xff_ban_ether',
  loopback: 'xff_ban_ether',
  ...Object.fromEntries(
    ['none', 'ppp', 'ipip', 'tunnel6', 'sit', 'gre'].map(type => [type, 'xff_ban_plain']),
  ),
}

/** Our preference among the filters of a device (`pref` of tc). */
const PREF = 49_152
/** By their names the programs are known, of whatever version. */
const OURS = /^xff_ban_/

/** How tc says that a device is not there. */
const IS_GONE = /Cannot find device|No such device/

/** Another program has our place among the filters of a device. */
export class PlaceTaken extends BackendError {}

interface Link {
  ifname: string
  link_type: string
  linkinfo?: { info_slave_kind?: string }
}

/** A program of ours on a device. */
export interface Attached {
  device: string
  /** the kernel's id of the program */
  id: number
}

/**
 * The devices through which packets to a port may come: those named, or all that carry packets of this host. The
 * members of a bridge or bond are left out, since the bridge or bond itself gets their packets.
 * @throws BackendError for a named one whose packets cannot be read
 */
export async function listDevices(named: readonly string[]): Promise<Device[]> {
  const links: Link[] = JSON.parse(await runProgram(['ip', '-j', '-d', 'link', 'show']))
  for (const link of links.filter(({ ifname }) => named.includes(ifname))) {
    if (PROGRAMS[link.link_type] === undefined) {
      throw new BackendError(`--dev ${link.ifname}: packets of type ${link.link_type} cannot be read`)
    }
  }
  return links.flatMap(({ ifname, link_type, linkinfo }) => {
    const program = PROGRAMS[link_type]
    const wanted = named.length > 0 ? named.includes(ifname) : !isMember(linkinfo?.info_slave_kind)
    return wanted && program !== undefined ? { name: ifname, program } : []
  })
}

/**
 * The names and numbers of all devices, without a program being run: another text means that some came or went. A
 * device that was made anew has another number under the same name (igmp_mc_seq_show in net/ipv4/igmp.c).
 */
export function deviceSignature(): string {
  const names = linesOf('/proc/self/net/dev').map(line => line.slice(0, line.indexOf(':') + 1).trim())
  const numbers = linesOf('/proc/self/net/igmp').flatMap(line => /^\d+\s+\S+/.exec(line)?.[0] ?? [])
  return [...names, ...numbers].join(' ')
}

/** The lines of a file of the kernel's; none where it has no such file. */
function linesOf(path: string): string[] {
  try {
    return readFileSync(path, 'latin1').split('\n')
  } catch {
    return []
  }
}

/** A member of a virtual router keeps its packets. */
function isMember(kind: string | undefined): boolean {
  return kind !== undefined && kind !== 'vrf'
}

/** Where programs of ours are at work in this network namespace. */
export async function listAttached(): Promise<Attached[]> {
  const [{ tc = [] } = {}] = JSON.parse(await runProgram(['bpftool', '-j', 'net', 'show'])) as [
    { tc?: { devname: string; kind: string; name: string; id: number }[] }?,
  ]
  return tc
    .filter(({ kind, name }) => kind.endsWith('/ingress') && OURS.test(name))
    .map(({ devname, id }) => ({ device: devname, id }))
}

/**
 * Attaches a pinned program to a device, in place of an earlier one without a gap.
 * @returns false where the device has gone meanwhile
 * @throws PlaceTaken
 */
export async function attach(device: Device, programs: string): Promise<boolean> {
  try {
    await attachTo(device, programs)
    return true
  } catch (error) {
    if (!IS_GONE.test(messageOf(error))) throw error
    return false
  }
}

async function attachTo({ name, program }: Device, programs: string): Promise<void> {
  await runProgram(['tc', 'qdisc', 'add', 'dev', name, 'clsact']).catch(error => {
    if (!/File exists|Exclusivity flag on/.test(error.message)) throw error
  })
  const there = await filters(name, 'ingress')
  const foreign = there.find(({ pref, options }) => pref === PREF && options && !isOurs(options))
  if (foreign) throw new PlaceTaken(`${name}: another program has our place among its filters (pref ${PREF})`)
  const pinned = ['object-pinned', `${programs}/${program}`]
  await runProgram([
    'tc',
    'filter',
    'replace',
    'dev',
    name,
    'ingress',
    ...['pref', String(PREF)],
    'handle',
    '1',
    'bpf',
    'da',
    ...pinned,
  ])
}

/** Takes it off, and what was made for it. A device that has gone took it along. */
export async function detach(name: string): Promise<void> {
  try {
    await runProgram(['tc', 'filter', 'del', 'dev', name, 'ingress', 'pref', String(PREF)])
    const rest = [...(await filters(name, 'ingress')), ...(await filters(name, 'egress'))]
    if (rest.length === 0) await runProgram(['tc', 'qdisc', 'del', 'dev', name, 'clsact'])
  } catch (error) {
    if (!IS_GONE.test(messageOf(error))) throw error
  }
}

interface Filter {
  pref?: number
  options?: { bpf_name?: string }
}

async function filters(device: string, direction: 'ingress' | 'egress'): Promise<Filter[]> {
  const listing = await runProgram(['tc', '-j', 'filter', 'show', 'dev', device, direction])
  return listing.trim() === '' ? [] : JSON.parse(listing)
}

function isOurs({ bpf_name }: { bpf_name?: string }): boolean {
  return bpf_name !== undefined && OURS.test(bpf_name)
}
