/**
 * What bans cost: the time in the kernel program for each kind of packet, the port's throughput against no program, and
 * loading them. Root; `node build/test/bench/bpf.js [BANS...]`.
 */
import '../support/apart.js'
import { cost } from './bpf-cost.js'
import { ROLES, throughput } from './bpf-throughput.js'

const [, , role = '', ...counts] = process.argv
const perform = Object.entries(ROLES).find(([name]) => name === role)?.[1]
if (perform) {
  await perform()
} else {
  await cost()
  await throughput((role === '' ? ['0', '1000', '50000', '1000000'] : [role, ...counts]).map(Number))
}
