/** Containers come and go while xff-ban runs: each request is looked at, and once. */
import type { Test } from 'tap'
import { COUNTERS_SIZE, portKey, portOf } from '../../lib/xff-ban/backend/bpf/contract.js'
import { waitFor } from '../support/wait-for.js'
import { ATTACKER, USER } from './addresses.js'
import { BPF } from './bpf/loaded.js'
import { docker, IN_DOCKER, otherMachine, plugIn, pod, publish } from './lab/containers.js'
import { createMachine, type Machine, OUTSIDE } from './lab/machine.js'
import { APP, kernelTest, PACKET_FILTER } from './lab/needs.js'
import { isFromApp } from './lab/request.js'

const NEEDS = ['nginx', ...APP, ...BPF, ...PACKET_FILTER]

/** How many containers come and go. */
const COMERS = 200
/** How many of them at once. */
const CROWD = 20

const ROUTES: Readonly<Record<string, (machine: Machine) => Promise<void>>> = {
  'over a bridge': async machine => {
    await docker(machine, 'app', 'front')
    await machine.nginx('front', `${IN_DOCKER.app}:3031`)
    await publish(machine, 80, `${IN_DOCKER.front}:80`)
  },
  'by routing': async machine => {
    await pod(machine, 'front', '10.244.0.3')
    await pod(machine, 'app', '10.244.0.2')
    await machine.nginx('front', '10.244.0.2:3031')
    await machine.rules(
      'host',
      'nat',
      '-A PREROUTING -p tcp --dport 80 -j DNAT --to-destination 10.244.0.3:80',
    )
  },
  'by NAT': async machine => {
    await docker(machine, 'app')
    await publish(machine, 8080, `${IN_DOCKER.app}:3031`)
    await otherMachine(machine, '10.77.0.2:8080')
  },
  'from the host': async machine => {
    await docker(machine, 'app')
    await machine.nginx('host', `${IN_DOCKER.app}:3031`)
  },
}

for (const [name, build] of Object.entries(ROUTES)) {
  kernelTest(`a request ${name} is looked at once`, NEEDS, async t => {
    const machine = await createMachine(t)
    await build(machine)
    await machine.uwsgi('app', 3031)
    const ports = name === 'by NAT' ? [8080, 3031] : [3031]
    for (const port of ports) {
      await machine.xffBan(`--port ${port} --packets bpf`, ATTACKER)
      for (let i = 0; i < 10; i++) await served(t, machine)
      t.same(await counters(machine, port), { segments: 10, requests: 10, hits: 0, repeated: 0 })
      await machine.xffBan(`--port ${port} --packets bpf --flush`)
    }
  })
}

kernelTest('a connection between containers that is older than xff-ban is read', NEEDS, async t => {
  const machine = await createMachine(t)
  await docker(machine, 'app', 'front')
  await publish(machine, 80, `${IN_DOCKER.front}:80`)
  await machine.uwsgi('app', 3031)
  await machine.nginx('front', `${IN_DOCKER.app}:3031`, { more: 'keepalive 1;' })
  await served(t, machine)
  const connections = () => machine.command('front', ['ss', '-Hnt', 'state', 'established', 'dport', '3031'])
  const before = await connections()
  t.match(before, /:3031/, 'it is kept')
  await machine.xffBan('--port 3031 --packets bpf', ATTACKER)
  await served(t, machine)
  t.equal(local(await connections()), local(before), 'and is the same')
  t.match(await machine.request({ from: ATTACKER, to: OUTSIDE }), { status: 403 })
  await served(t, machine)
})

kernelTest(`${COMERS} containers come and go, and nobody banned is served by a new one`, NEEDS, async t => {
  const machine = await createMachine(t)
  await docker(machine, 'app', 'front')
  await publish(machine, 80, `${IN_DOCKER.front}:80`)
  await machine.uwsgi('app', 3031)
  await machine.nginx('front', `${IN_DOCKER.app}:3031`)
  await machine.add('many')
  const pipeline = machine.pipeline(
    `(echo '{"type":"ban","ip":"${ATTACKER}"}'; exec tail -f /dev/null) | ` +
      `xff-ban --port 3031 --packets bpf --state ${machine.folder}/journal`,
  )
  await waitFor('the ban', () => pipeline.records().length === 1)
  await refused(t, machine)
  const atRest = await devices(machine)
  let longest = 0
  for (let first = 0; first < COMERS; first += CROWD) {
    const names = Array.from({ length: CROWD }, (_, i) => `veth${first + i}`)
    await machine.ip(
      'host',
      ...names.flatMap(name => [
        `link add ${name} type veth peer name ${name} netns @many`,
        `link set ${name} master docker0`,
        `link set ${name} up`,
      ]),
      // the app's own container is started anew: another device, the same address
      'link del vethapp',
    )
    await plugIn(machine, 'app')
    const from = performance.now()
    await waitFor('the new container to refuse', async () => {
      const { status } = await machine.request({ from: ATTACKER, to: OUTSIDE })
      return status === 403
    })
    longest = Math.max(longest, performance.now() - from)
    await waitFor('all of the crowd to be policed', async () => {
      const policed = await machine.command('host', ['bpftool', 'net', 'show'])
      return names.every(name => policed.includes(`${name}(`))
    })
    await served(t, machine)
    await refused(t, machine)
    await machine.ip('host', ...names.map(name => `link del ${name}`))
  }
  t.comment(`a new container refused after ${longest.toFixed(0)} ms at the most`)
  await waitFor('what was known of them to be forgotten', async () => (await devices(machine)) === atRest)
  t.notMatch(pipeline.written().stderr, /gone|trying|missing/, 'nothing of that is damage')
})

kernelTest('--dev takes patterns', NEEDS, async t => {
  const machine = await createMachine(t)
  await docker(machine, 'app', 'front')
  await publish(machine, 80, `${IN_DOCKER.front}:80`)
  await machine.uwsgi('app', 3031)
  await machine.nginx('front', `${IN_DOCKER.app}:3031`)
  const where = async () => {
    const { tc } = JSON.parse(await machine.command('host', ['bpftool', '-j', 'net', 'show']))[0]
    return [...new Set(tc.map(({ devname }: { devname: string }) => devname))].sort()
  }
  for (const [pattern, expected] of [
    ['veth*', ['vethapp', 'vethfront']],
    ['vetha??', ['vethapp']],
    // the old way: the device of the front end
    ['vethfront', ['vethfront']],
  ] as const) {
    await machine.xffBan(`--port 3031 --packets bpf --dev ${pattern}`, ATTACKER)
    t.same(await where(), expected, pattern)
    await refused(t, machine)
    await served(t, machine)
    await machine.xffBan('--port 3031 --packets bpf --flush')
  }
  const said = await machine.xffBan('--port 3031 --packets bpf --dev nix*', ATTACKER)
  t.match(said, /--dev nix\*: no device fits yet/)
  t.ok(
    isFromApp(await machine.request({ from: ATTACKER, to: OUTSIDE })),
    'where nothing fits nobody is refused',
  )
})

async function served(t: Test, { request }: Machine): Promise<void> {
  const answer = await request({ from: USER, to: OUTSIDE, headers: { 'X-Forwarded-For': ATTACKER } })
  t.ok(isFromApp(answer), 'a user who names the banned is served', { answer })
}

async function refused(t: Test, { request }: Machine): Promise<void> {
  t.match(await request({ from: ATTACKER, to: OUTSIDE }), { status: 403 }, 'the banned is refused')
}

/** The address and port of the front end's end of a connection, of what ss lists. */
function local(listing: string): string | undefined {
  return listing.trim().split(/\s+/)[2]
}

/** What the kernel program knows of devices. */
async function devices(machine: Machine): Promise<number> {
  const pin = `${machine.pins()}/maps/devices`
  return JSON.parse(await machine.command('host', ['bpftool', '-j', 'map', 'dump', 'pinned', pin])).length
}

/** Where some of the counters are (contract.h), in bytes. */
const PLACES = { segments: 0, requests: 8, hits: 16, repeated: 48 }

/** What the kernel program has counted on a port. */
async function counters(machine: Machine, port: number): Promise<Record<string, number>> {
  const pin = `${machine.pins()}/maps/stats`
  const rows: { key: string[]; values: { value: string[] }[] }[] = JSON.parse(
    await machine.command('host', ['bpftool', '-j', 'map', 'dump', 'pinned', pin]),
  )
  const bytes = (shown: readonly string[]) => Buffer.from(shown.map(Number))
  const row = rows.find(({ key }) => portOf(bytes(key)) === portOf(portKey(port)))
  const sum = (at: number) =>
    (row?.values ?? [])
      .map(({ value }) => bytes(value).subarray(0, COUNTERS_SIZE))
      .reduce((total, value) => total + Number(value.readBigUInt64LE(at)), 0)
  return Object.fromEntries(Object.entries(PLACES).map(([name, at]) => [name, sum(at)]))
}
