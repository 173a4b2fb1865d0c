import { writeFileSync } from 'node:fs'
import { execa } from 'execa'
import t, { type Test } from 'tap'
import { kernelTest } from '../lab/needs.js'
import { behaviours } from './behaviours.js'
import { bpf } from './bpf.js'
import { exec } from './exec.js'
import { files } from './files.js'
import { haproxy } from './haproxy.js'
import { ipset } from './ipset.js'
import { iptables } from './iptables.js'
import { nginx } from './nginx.js'
import { RANGES } from './people.js'
import type { Subject } from './place.js'

const SUBJECTS: readonly Subject[] = [files, bpf, iptables, ipset, haproxy, nginx, exec]

/** How long the tests of one backend may take, in milliseconds. */
const PATIENCE = 200_000

/** Lets this process speak from every client's address. */
async function becomeEverybody(): Promise<void> {
  const routes = RANGES.map(range => `route add local ${range} dev lo`)
  await execa('ip', ['-batch', '-'], { input: ['link set lo up', ...routes, ''].join('\n') })
  writeFileSync('/proc/sys/net/ipv6/ip_nonlocal_bind', '1')
}

if (process.getuid?.() === 0) await becomeEverybody()
// `node build/test/kernel/conformance.js nginx` looks at one of them
const only = process.argv[2]
for (const { name, needs, build, own = {} } of SUBJECTS.filter(
  ({ name }) => only === undefined || name === only,
)) {
  const conform = async (t: Test) => {
    for (const [title, behaviour] of Object.entries(behaviours)) {
      await t.test(title, async t => behaviour(t, await build(t)))
    }
    for (const [title, behaviour] of Object.entries(own)) await t.test(title, behaviour)
  }
  kernelTest(`${name} conforms`, needs, conform, PATIENCE)
}
t.setTimeout(SUBJECTS.length * PATIENCE)
