import { readFileSync } from 'node:fs'
import { matchesGlob } from '../../../text/glob.js'
import { BackendError } from '../backend.js'
import { runProgram } from '../run-program.js'

/** Where a program looks at packets: as they come in by a device, or as they leave by it. */
export type Hook = 'ingress' | 'egress'

/** The programs of the object: for what comes in with an Ethernet header and without, and for what leaves. */
export type Program = 'xff_ban_ether' | 'xff_ban_plain' | 'xff_ban_leaving'

/** A network device on the way of requests; device.h says which is looked at where. */
export interface Device {
  name: string
  index: number
  /** none where it is not to be looked at */
  hooks: ReadonlyMap<Hook, Program>
  /** the number of the network namespace in which its other end lies; undefined: not known */
  netns?: number | undefined
  /** whether frames for others pass: it is a member of a bridge, or below a macvlan */
  handsOn: boolean
  /** of a bridge: its members that lead to containers or virtual machines */
  members: readonly string[]
}

/** How iproute2 names the types of devices (lib/ll_types.c). */
const PROGRAMS: Readonly<Record<string, Program>> = {
  ether: 'xff_ban_ether',
  loopback: 'xff_ban_ether',
  ...Object.fromEntries(
    ['none', 'ppp', 'ipip', 'tunnel6', 'sit', 'gre'].map(type => [type, 'xff_ban_plain']),
  ),
}

/** What `ip -j -d link show` tells of a device. */
interface Link {
  ifname: string
  ifindex: number
  link_type: string
  /** that of the other end, where it is in another network namespace */
  link_index?: number
  link_netnsid?: number
  master?: string
  linkinfo?: { info_kind?: string; info_slave_kind?: string; info_data?: { type?: string } }
}

/**
 * All devices, and where packets are looked at.
 * @param named names, or patterns with `*` and `?`; none: wherever requests to an app may come or leave
 * @throws BackendError for a named one whose packets cannot be read
 */
export async function listDevices(named: readonly string[]): Promise<Device[]> {
  const [listing, below] = await Promise.all([
    runProgram(['ip', '-j', '-d', 'link', 'show']),
    listBelowMacvlans(),
  ])
  const links: Link[] = JSON.parse(listing)
  const isNamed = ({ ifname }: Link) => named.some(pattern => matchesGlob(ifname, pattern))
  const unread = links.find(({ ifname, link_type }) => named.includes(ifname) && !PROGRAMS[link_type])
  if (unread)
    throw new BackendError(`--dev ${unread.ifname}: packets of type ${unread.link_type} cannot be read`)
  return links.map(link => {
    const { ifname: name, ifindex: index, link_netnsid: netns } = link
    const hooks = named.length === 0 ? hooksOf(link) : isNamed(link) ? allHooksOf(link) : new Map()
    const handsOn = isMember(link) || below.has(name)
    const members = links.filter(other => other.master === name && leadsToGuest(other))
    return { name, index, hooks, netns, handsOn, members: members.map(({ ifname }) => ifname) }
  })
}

/** Where nothing is named: for this host as it comes in, for guests as it leaves. */
function hooksOf(link: Link): Map<Hook, Program> {
  const hooks = allHooksOf(link)
  // the bridge or bond itself gets what members hand to this host
  if (isMember(link)) hooks.delete('ingress')
  if (!leadsToGuest(link)) hooks.delete('egress')
  return hooks
}

/** What is named is looked at in both ways, unless it leads to other machines. */
function allHooksOf(link: Link): Map<Hook, Program> {
  const program = PROGRAMS[link.link_type]
  const hooks = new Map<Hook, Program>()
  if (program) hooks.set('ingress', program)
  const isEther = link.link_type === 'ether'
  if (isEther && (leadsToGuest(link) || kindOf(link) === 'bridge')) hooks.set('egress', 'xff_ban_leaving')
  return hooks
}

/** Whether a container or a virtual machine of this host is at its other end. */
function leadsToGuest(link: Link): boolean {
  const { link_type, link_netnsid, linkinfo } = link
  if (link_type !== 'ether') return false
  const kind = kindOf(link)
  if (kind === 'veth' || kind === 'netkit') return link_netnsid !== undefined
  return kind === 'tun' && linkinfo?.info_data?.type === 'tap'
}

function kindOf({ linkinfo }: Link): string | undefined {
  return linkinfo?.info_kind
}

/** A member of a virtual router keeps its packets. */
function isMember({ linkinfo }: Link): boolean {
  const kind = linkinfo?.info_slave_kind
  return kind !== undefined && kind !== 'vrf'
}

/**
 * Devices that take frames for further addresses: a macvlan stands on them, most often one of a container, which cannot
 * be seen from here.
 */
async function listBelowMacvlans(): Promise<ReadonlySet<string>> {
  const listing = await runProgram(['bridge', '-j', 'fdb', 'show']).catch(() => '')
  const rows: { mac: string; ifname: string; flags?: string[] }[] = listing.trim() ? JSON.parse(listing) : []
  return new Set(
    rows.flatMap(({ mac, ifname, flags }) => (flags?.includes('self') && !isGroup(mac) ? ifname : [])),
  )
}

/** Of multicast and broadcast frames. */
function isGroup(mac: string): boolean {
  return (Number.parseInt(mac.slice(0, 2), 16) & 1) === 1
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
