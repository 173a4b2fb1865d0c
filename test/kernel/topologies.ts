/**
 * Where front end and app may stand to each other on a machine with containers: whatever the way, the banned are
 * refused, and neighbours and those who name the banned are served.
 */
import { join } from 'node:path'
import type { Test } from 'tap'
import { ATTACKER, USER } from './addresses.js'
import { BPF } from './bpf/loaded.js'
import { type Checked, fails, holds, runCheck } from './lab/check.js'
import { bridgedPassIptables, docker, IN_DOCKER, publish } from './lab/containers.js'
import { createMachine, hasOwnBridgeSettings, type Machine, OUTSIDE } from './lab/machine.js'
import { APP, isThere, kernelTest, PACKET_FILTER } from './lab/needs.js'
import { isFromApp } from './lab/request.js'
import { TOPOLOGIES } from './lab/topologies.js'

const NEEDS = ['nginx', ...APP, ...BPF, ...PACKET_FILTER]

/** Runs `xff-ban check` on the host. */
function check(machine: Machine, port: number, front = OUTSIDE.v4, log = machine.log): Promise<Checked> {
  const { command, folder } = machine
  const options = ['--log', log, '--state', join(folder, 'journal'), '--port', `${port}`]
  const run = (argv: readonly [string, ...string[]]) => command('host', argv)
  return runCheck(run, join(folder, 'errors'), `http://${front}/ok`, ...options)
}

for (const [name, { build, ports, front, kind }] of Object.entries(TOPOLOGIES)) {
  kernelTest(name, NEEDS, async t => {
    if (kind !== undefined && !isThere(kind)) return t.comment(`this kernel has no ${kind}`)
    const machine = await createMachine(t)
    await build(machine)
    const [first = 0] = ports
    // where no request passes
    await machine.xffBan(`--port ${first} --packets bpf --dev wan`, ATTACKER)
    t.ok(isFromApp(await machine.request({ from: ATTACKER, to: OUTSIDE })), 'nothing is on the way')
    fails(
      t,
      await check(machine, first, front),
      'ban point',
      RegExp(`^port ${first} saw nothing, and the kernel program is not on [a-z0-9, ]+$`),
      /^start xff-ban without --dev, or with the device/,
    )
    await machine.xffBan(`--port ${first} --packets bpf --flush`)
    for (const port of ports) {
      const said = await machine.xffBan(`--port ${port} --packets bpf`, ATTACKER)
      t.notMatch(said, /nobody is refused/)
      await onlyAttackerIsRefused(t, machine, `--port ${port}`)
      const checked = await check(machine, port, front)
      holds(t, checked)
      t.match(checked.of('ban point')?.what, /^the kernel saw \S+ ask at port/)
      await machine.xffBan(`--port ${port} --packets bpf --flush`)
      t.ok(isFromApp(await machine.request({ from: ATTACKER, to: OUTSIDE })), 'served without bans')
    }
  })
}

for (const [name, { build, ports, passesRules }] of Object.entries(TOPOLOGIES)) {
  if (!passesRules) continue
  kernelTest(`${name}, by iptables`, NEEDS, async t => {
    const machine = await createMachine(t)
    await build(machine)
    for (const port of ports) {
      await machine.xffBan(`--port ${port} --packets iptables --appended`, ATTACKER)
      await onlyAttackerIsRefused(t, machine, `--port ${port}`, 502)
      await machine.xffBan(`--port ${port} --packets iptables --flush`)
      t.ok(isFromApp(await machine.request({ from: ATTACKER, to: OUTSIDE })), 'served without bans')
    }
  })
}

kernelTest('what rules do not see is said at the start', NEEDS, async t => {
  const machine = await createMachine(t)
  await docker(machine, 'app')
  await machine.uwsgi('app', 3031)
  await publish(machine, 8080, `${IN_DOCKER.app}:3031`)
  if (hasOwnBridgeSettings()) await bridgedPassIptables(machine, false)
  const said = await machine.xffBan('--port 8080 --packets iptables')
  t.match(said, /packets to port 8080 go on to a container: rules in FORWARD, port 8080 and 3031/)
  t.match(said, /requests of this host itself to a container pass OUTPUT/)
  t.match(said, /between containers of one bridge pass no rules.*br_netfilter/)
  t.notMatch(said, /nobody listens/)
  await machine.xffBan('--port 8080 --packets iptables --flush')
  t.notMatch(await machine.xffBan('--port 3031 --packets bpf'), /nobody listens/, 'the program sees it')
})

/** Shows that the attacker is refused, whomever he claims to be, and that neighbour and namer are served. */
async function onlyAttackerIsRefused(
  t: Test,
  { request }: Machine,
  what: string,
  status = 403,
): Promise<void> {
  const names = [{}, { 'X-Forwarded-For': USER }, { 'X-Forwarded-For': ATTACKER }]
  for (const headers of names) {
    t.match(await request({ from: ATTACKER, to: OUTSIDE, headers }), { status }, `${what}: refused`)
    const answer = await request({ from: USER, to: OUTSIDE, headers })
    t.ok(isFromApp(answer), `${what}: served`, { answer })
  }
}
