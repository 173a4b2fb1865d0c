/**
 * A packet that is merely refused leaves the app's end of the connection behind: half-open for 7 s with uWSGI,
 * which waits for data before it accepts, and counted against its listen queue. A few banned clients fill that,
 * and nobody is served. So the refused packet is let through as a RST, which frees the app's end at once.
 *
 * No target of iptables can do that: its rules mark the packet, and a table of nft's own, right behind them, does
 * the rest. What the front end sends afterwards on that connection is answered with a RST of its own.
 */

export interface Release {
  /** the jail */
  name: string
  ports: readonly number[]
  /** the bit of a packet's mark by which iptables tells nft; it is on the packet between the two only */
  mark: number
  /** the built-in chain that the packets pass: one of `HOOKS` */
  chain: string
}

/** The built-in chains that the mangle table has too, with what nft calls them. */
const HOOKS: Readonly<Record<string, string>> = { INPUT: 'input', FORWARD: 'forward' }

export function canRelease(chain: string): boolean {
  return Object.hasOwn(HOOKS, chain)
}

/** How many refused connections are remembered in each family, and for how long: front ends retransmit after 0.2 s. */
const MAX_REFUSED = 65_535
const REMEMBER_TIME = '1m'

/** iptables' mangle table stands between the two chains (NF_IP_PRI_MANGLE is -150). */
const BEFORE = -160
const BEHIND = -140

/** The connection of a packet, for the sets of the families. */
const CONNECTIONS = [
  ['@refused4', 'ip saddr . tcp sport . ip daddr . tcp dport'],
  ['@refused6', 'ip6 saddr . tcp sport . ip6 daddr . tcp dport'],
] as const

/** A slash, so that no table of anybody else's is meant. */
export const tableOf = (name: string) => `inet xff-ban/${name}`

/** The words of iptables' target that leads there. */
export const markTarget = (mark: number) => `MARK --set-xmark ${hex(mark)}/${hex(mark)}`

/** What nft is to read: replaces whatever an earlier run has left. */
export function releaseScript({ name, ports, mark, chain }: Release): string {
  const elsewhere = `tcp dport != { ${ports.join(', ')} } accept`
  const unmark = `meta mark set meta mark & ${hex(~mark >>> 0)}`
  const base = (priority: number) => `type filter hook ${HOOKS[chain]} priority ${priority}; policy accept;`
  const set = (family: 4 | 6) =>
    `set refused${family} { type ipv${family}_addr . inet_service . ipv${family}_addr . inet_service; ` +
    `size ${MAX_REFUSED}; flags dynamic,timeout; timeout ${REMEMBER_TIME}; }`
  const both = (rule: (set: string, connection: string) => string) =>
    CONNECTIONS.map(([set, connection]) => rule(set, connection)).join('\n    ')
  return `
${removeScript(name)}
table ${tableOf(name)} {
  ${set(4)}
  ${set(6)}
  chain before {
    ${base(BEFORE)}
    ${elsewhere}
    # somebody else's bit is not ours
    meta mark & ${hex(mark)} != 0 ${unmark}
    # a new connection may have an old one's ports
    ${both((set, connection) => `tcp flags & (syn | ack) == syn delete ${set} { ${connection} }`)}
    ${both((set, connection) => `${connection} ${set} tcp flags & rst == 0 reject with tcp reset`)}
  }
  chain behind {
    ${base(BEHIND)}
    ${elsewhere}
    meta mark & ${hex(mark)} == 0 accept
    ${unmark}
    ${both((set, connection) => `add ${set} { ${connection} }`)}
    tcp flags set rst
  }
}
`
}

/** nft fails to delete what is not there, so it is made first. */
export function removeScript(name: string): string {
  return `table ${tableOf(name)}\ndelete table ${tableOf(name)}\n`
}

function hex(value: number): string {
  return `0x${value.toString(16)}`
}
