import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import t, { type Test } from 'tap'
import { isExecutable } from '../../../lib/cli/options/command.js'
import { isApart } from '../../support/apart.js'
import { LIMIT } from '../../support/wait-for.js'

/** How long one test may take, in milliseconds, unless said: longer than any one of its waits, which then says what for. */
const PATIENCE = 5 * LIMIT
/** How long those of this file may take, one after the other. */
let patienceInAll = 0

/** Where links carry segments of more than 64 KB. */
const SIZES = 'test/kernel/bpf/link-sizes.pl'
const TIME = ['-m', 'time', '--datestop', '2037-01-01T00:00:00']
const STRING = ['-m', 'string', '--algo', 'kmp', '--string', 'x']
const RESET = ['-j', 'REJECT', '--reject-with', 'tcp-reset']

/** What is no program on the PATH, and what fails in an empty namespace without it. */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  'uwsgi-plugin-python3': ['uwsgi', '--need-plugin', 'python3', '--version'],
  bpf: ['bpftool', 'prog', 'show'],
  'time namespaces': ['unshare', '--time', 'true'],
  veth: ['ip', 'link', 'add', 'one', 'type', 'veth', 'peer', 'name', 'two'],
  bridge: ['ip', 'link', 'add', 'one', 'type', 'bridge'],
  // Linux 6.3, and for IPv6 5.19
  'BIG TCP over v4': ['sh', '-c', `ip link add one type veth && perl ${SIZES} v4 185000 one`],
  'BIG TCP over v6': ['sh', '-c', `ip link add one type veth && perl ${SIZES} v6 185000 one`],
  macvlan: ['sh', '-c', 'ip link add a1 type veth peer name a2 && ip link add b1 link a1 type macvlan'],
  ipvlan: ['sh', '-c', 'ip link add a1 type veth peer name a2 && ip link add b1 link a1 type ipvlan'],
  xt_time: ['iptables', '-A', 'INPUT', ...TIME],
  xt_string: ['iptables', '-A', 'INPUT', ...STRING],
  xt_set: ['sh', '-c', 'ipset create x hash:net && iptables -A INPUT -m set --match-set x src'],
  REJECT: ['iptables', '-A', 'INPUT', '-p', 'tcp', ...RESET],
  'IPv6 REJECT': ['ip6tables', '-A', 'INPUT', '-p', 'tcp', ...RESET],
}

/** What every lab needs. */
const ALWAYS = ['ip', 'unshare', 'veth', 'bridge']
/** What a lab's app needs. */
export const APP = ['uwsgi', 'uwsgi-plugin-python3']
/** What the iptables backend needs. */
export const PACKET_FILTER = [
  'iptables',
  'ip6tables',
  'iptables-restore',
  'ip6tables-restore',
  'iptables-save',
  'ip6tables-save',
  'nft',
  'ss',
  'xt_time',
  'xt_string',
  'REJECT',
  'IPv6 REJECT',
]

/**
 * A test that needs root, programs and parts of the kernel. Where one is missing it is skipped with a line that
 * says which; with CI=true that is a failure.
 * @param needs programs, or parts named above
 * @param patience how long it may take, in milliseconds
 */
export function kernelTest(
  name: string,
  needs: readonly string[],
  story: (t: Test) => Promise<void>,
  patience = PATIENCE,
): void {
  const missing = missingOf(needs)
  patienceInAll += patience
  t.setTimeout(patienceInAll)
  if (missing.length === 0) {
    t.test(name, { timeout: patience }, story)
  } else if (process.env.CI === 'true') {
    t.test(name, async t => t.fail(`needs ${missing.join(', ')}`))
  } else {
    t.test(name, { skip: `needs ${missing.join(', ')}` }, () => {})
  }
}

function missingOf(needs: readonly string[]): readonly string[] {
  if (process.getuid?.() !== 0) return ['root']
  // on the machine itself nothing is tried
  if (!isApart) return ['a machine that lets it have namespaces']
  return [...ALWAYS, ...needs].filter(isMissing)
}

/** For a test that says itself what it leaves out without it. */
export const isThere = (need: string): boolean => !isMissing(need)

function isMissing(need: string): boolean {
  const probe = PARTS[need]
  if (probe) return spawnSync('unshare', ['--net', ...probe], { stdio: 'ignore' }).status !== 0
  if (need.includes('/')) return !existsSync(need)
  return !(process.env.PATH ?? '').split(delimiter).some(folder => isExecutable(join(folder, need)))
}
