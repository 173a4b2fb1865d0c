/** Every backend behaves alike: conformance/behaviours.ts says how. */
import { writeFileSync } from 'node:fs'
import { execa } from 'execa'
import type { Test } from 'tap'
import { isApart } from '../support/apart.js'
import { NETWORKS, PREFIXES } from './addresses.js'
import { behaviours } from './conformance/behaviours.js'
import { bpf } from './conformance/bpf.js'
import type { Subject } from './conformance/enforcement-point.js'
import { exec } from './conformance/exec.js'
import { files } from './conformance/files.js'
import { haproxy } from './conformance/haproxy.js'
import { ipset } from './conformance/ipset.js'
import { iptables } from './conformance/iptables.js'
import { nginx } from './conformance/nginx.js'
import { promiseOf } from './conformance/promises.js'
import { kernelTest } from './lab/needs.js'

const SUBJECTS: readonly Subject[] = [files, bpf, iptables, ipset, haproxy, nginx, exec]

/** How long the tests of one backend may take, in milliseconds. */
const PATIENCE = 900_000

/** Lets this process speak from every client's address. */
async function becomeEverybody(): Promise<void> {
  const routes = NETWORKS.map(range => `route add local ${range} dev lo`)
  await execa('ip', ['-batch', '-'], { input: routes.join('\n') })
  writeFileSync('/proc/sys/net/ipv6/ip_nonlocal_bind', '1')
}

if (isApart && process.getuid?.() === 0) await becomeEverybody()
// `node build/test/kernel/conformance.js nginx` looks at one of them
const only = process.argv[2]
for (const { name, needs, build, lacks, own = {} } of SUBJECTS.filter(
  ({ name }) => only === undefined || name === only,
)) {
  const conform = async (t: Test) => {
    for (const [title, behaviour] of Object.entries(behaviours)) {
      const promise = promiseOf(title)
      const reason = promise && lacks[promise]
      const skip = reason !== undefined && `${name} does not promise it: ${reason}`
      await t.test(title, { skip }, async t => behaviour(t, await build(t)))
    }
    await t.test('a prefix that the backend cannot ban is refused with a reason', async t => {
      const backend = (await build(t)).start()
      const refused = PREFIXES.map(prefix => typeof backend.refuses(prefix) === 'string')
      t.strictSame(refused, Array(PREFIXES.length).fill('bans prefixes' in lacks))
    })
    for (const [title, behaviour] of Object.entries(own)) await t.test(title, behaviour)
  }
  kernelTest(`${name} conforms`, needs, conform, PATIENCE)
}
