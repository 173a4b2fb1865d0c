import { family } from '../../net/address.js'
import { formatPrefix, parsePrefix } from '../../net/prefix.js'
import type { Ban } from '../jail/ban.js'
import { applyTo, type Backend, BackendError, type Change, MANY_CHANGES } from './backend.js'
import { runProgram } from './run-program.js'

export interface Options {
  /** the IPv4 set; the IPv6 set is NAME6 */
  name: string
  /** milliseconds since 1970 */
  now: () => number
}

/** How many entries a set may have; the kernel takes memory for those there are. */
const MAX_ENTRIES = 1_048_576
/** The longest timeout that the kernel keeps: 24.8 days. */
const MAX_TIMEOUT_S = 2_147_483
/** How far the kernel's clock and ours may be apart. */
const TOLERANCE_S = 5

/**
 * Two sets of the kernel, NAME for IPv4 and NAME6 for IPv6, of addresses and prefixes whose entries time out by
 * themselves. It is for clients whose packets arrive here directly, as on a host with the front end. The sets are
 * made here; the user's own rules refer to them, and can be set up as soon as they exist:
 *
 *     iptables  -I INPUT -p tcp -m multiport --dports 80,443 -m set --match-set NAME  src -j DROP
 *     ip6tables -I INPUT -p tcp -m multiport --dports 80,443 -m set --match-set NAME6 src -j DROP
 */
export function ipsetBackend({ name, now }: Options): Backend {
  const sets = [
    { set: name, draft: `${name}-new`, kind: `hash:net family inet timeout 0 maxelem ${MAX_ENTRIES}` },
    {
      set: `${name}6`,
      draft: `${name}6-new`,
      kind: `hash:net family inet6 timeout 0 maxelem ${MAX_ENTRIES}`,
    },
  ]
  let inForce = new Map<string, Ban>()

  const setOf = (ip: string) => (family(ip) === 4 ? name : `${name}6`)
  const secondsLeft = ({ until }: Ban) => Math.ceil((until - now()) / 1000)
  // 0 would be for ever
  const timeout = (ban: Ban) => Math.max(1, Math.min(secondsLeft(ban), MAX_TIMEOUT_S))
  const add = (ban: Ban, suffix = '') => `add ${setOf(ban.ip)}${suffix} ${ban.ip} timeout ${timeout(ban)}`

  return {
    name: `ipset ${name}`,
    place: { kind: 'kernel', option: '--set', value: name, names: sets.map(({ set }) => `set:${set}`) },
    atOnce: MANY_CHANGES,
    hint: `no rule refers to the set ${name}, or the packets come from a proxy and not from the client`,
    refuses: ip => (ip.endsWith('/0') ? 'a set cannot hold all addresses' : undefined),

    async open(bans) {
      await restore([
        ...sets.flatMap(({ set, draft, kind }) => [
          `create ${set} ${kind}`,
          // an earlier run may have died while it filled it
          `create ${draft} ${kind}`,
          `flush ${draft}`,
        ]),
        ...bans.map(ban => add(ban, '-new')),
        ...sets.flatMap(({ set, draft }) => [`swap ${set} ${draft}`, `destroy ${draft}`]),
      ])
      inForce = new Map(bans.map(ban => [ban.ip, ban]))
    },

    async apply(changes: readonly Change[]) {
      await restore(
        changes.map(change =>
          'ban' in change ? add(change.ban) : `del ${setOf(change.unban)} ${change.unban}`,
        ),
      )
      applyTo(inForce, changes)
    },

    async reconcile() {
      const bans = [...inForce.values()]
      const entries = await Promise.all(sets.map(({ set }) => entriesOf(set)))
      const lost = sets.filter((_, i) => entries[i] === undefined).map(({ set }) => `ipset ${set} was gone`)
      if (lost.length > 0) {
        await this.open(bans)
        return lost.join('; ')
      }
      const there = new Map(entries.flatMap(found => found ?? []))
      // the kernel's timeouts of longer bans are renewed when half of them is over
      const wanted = (ban: Ban) => Math.min(secondsLeft(ban), MAX_TIMEOUT_S / 2) - TOLERANCE_S
      const short = bans.filter(ban => (there.get(ban.ip) ?? 0) < wanted(ban))
      await restore(short.map(ban => add(ban)))
      const missing = short.filter(ban => !there.has(ban.ip) || secondsLeft(ban) <= MAX_TIMEOUT_S).length
      return missing === 0 ? undefined : `${missing} of ${bans.length} bans were missing from ipset ${name}`
    },

    async flush() {
      for (const { set, draft } of sets) {
        await destroy(set)
        await destroy(draft)
      }
      inForce = new Map()
    },
  }
}

/** Runs commands at once; what exists already, or does not exist any more, is no error. */
async function restore(lines: readonly string[]): Promise<void> {
  if (lines.length > 0) await runProgram(['ipset', '-exist', 'restore'], `${lines.join('\n')}\n`)
}

/** The entries of a set with their seconds left; undefined when there is no such set. */
async function entriesOf(set: string): Promise<[string, number][] | undefined> {
  const saved = await runProgram(['ipset', 'save', set]).catch(unless(/does not exist/))
  return saved?.split('\n').flatMap((line): [string, number][] => {
    const [, ip = '', seconds] = /^add \S+ (\S+) timeout (\d+)/.exec(line) ?? []
    const prefix = parsePrefix(ip)
    return prefix ? [[formatPrefix(prefix), Number(seconds)]] : []
  })
}

async function destroy(set: string): Promise<void> {
  await runProgram(['ipset', 'flush', set]).catch(unless(/does not exist/))
  // a set that a rule of the user's refers to has to stay; it is empty now
  await runProgram(['ipset', 'destroy', set]).catch(unless(/does not exist|in use/))
}

/** What went wrong is nothing when it is this; else it is thrown on. */
function unless(expected: RegExp): (error: unknown) => undefined {
  return error => {
    if (!(error instanceof BackendError && expected.test(error.message))) throw error
  }
}
