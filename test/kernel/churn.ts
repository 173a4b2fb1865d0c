/**
 * Devices of containers come and go by the hundred while requests pass all of them without a pause: nobody banned is
 * served for long, nobody else is refused, and nothing is left of what has gone.
 */
import { readdirSync } from 'node:fs'
import { waitFor } from '../support/wait-for.js'
import { ATTACKER, USER } from './addresses.js'
import { BPF } from './bpf/loaded.js'
import { createMachine, type Machine } from './lab/machine.js'
import { APP, kernelTest } from './lab/needs.js'
import { isFromApp, startAgent } from './lab/request.js'
import { uwsgiArguments } from './lab/uwsgi.js'

/** How many devices come and go, and how many are there at once. */
const DEVICES = 200
const CROWD = 20
/** How long somebody banned may be served by a new device, in milliseconds: a second, on a machine that is slow and busy. */
const LONGEST_MS = 4_000
/** What is lost with a device is not waited for longer, in milliseconds. */
const WITHIN_MS = 2_000
const TABLES = ['bans', 'trust', 'ports', 'jails', 'targets', 'devices']

/** What came of the requests by way of one device. */
interface Crossing {
  /** of the banned: how many were served, and for how long since the device was up, in milliseconds */
  served: number
  servedForMs: number
  refused: number
  /** served although one before was refused */
  servedAgain: number
  /** of the others */
  others: number
  othersRefused: number
}

kernelTest(`${DEVICES} devices come and go while requests pass all of them`, [...APP, ...BPF], async t => {
  const machine = await createMachine(t)
  await machine.add('app')
  // which closes each connection, and so ends each answer
  const listens = [['http-socket', '0.0.0.0:3031']] as const
  await machine.serve('app', uwsgiArguments({ more: listens, listen: 1024 }, machine.log), 3031)
  const pipeline = machine.pipeline(
    `(echo '{"type":"ban","ip":"${ATTACKER}"}'; exec tail -f /dev/null) | ` +
      `xff-ban --port 3031 --packets bpf --state ${machine.folder}/journal`,
  )
  await waitFor('the ban', () => pipeline.records().length === 1)
  // who stands for a front end of the host
  const request = startAgent(machine.namespace('host'))
  const pid = await waitFor('xff-ban', () => pipeline.stages().get('xff-ban'))
  // a first crowd, so that all that is made once is there
  await crowd(machine, request, 0)
  const atRest = await waitFor('rest', () => rests(machine, pid))

  const crossings: Crossing[] = []
  const began = performance.now()
  for (let first = 0; first < DEVICES; first += CROWD)
    crossings.push(...(await crowd(machine, request, first)))
  const tookS = (performance.now() - began) / 1000

  const sum = (count: (crossing: Crossing) => number) =>
    crossings.reduce((total, one) => total + count(one), 0)
  const longest = Math.max(...crossings.map(({ servedForMs }) => servedForMs))
  t.comment(
    `${DEVICES} devices in ${tookS.toFixed(1)} s; of the banned ${sum(({ served }) => served)} requests served, ` +
      `${sum(({ refused }) => refused)} refused; the last one served ${longest.toFixed(0)} ms after its device came; of others ` +
      `${sum(({ others }) => others)} served`,
  )
  t.equal(crossings.length, DEVICES)
  t.ok(longest < LONGEST_MS, `the banned are served by no device for longer (${longest.toFixed(0)} ms)`)
  t.equal(
    sum(({ servedAgain }) => servedAgain),
    0,
    'where one was refused all are',
  )
  t.equal(
    sum(({ othersRefused }) => othersRefused),
    0,
    'nobody else is refused',
  )
  t.ok(
    crossings.every(({ others }) => others > 0),
    'others are served by all',
  )
  await waitFor('nothing to be left of them', async () => (await rests(machine, pid)) === atRest)
  t.notMatch(pipeline.written().stderr, /gone|trying|missing/, 'nothing of that is damage')
})

/** Adds devices to a container, sends requests by all of them until each refuses, and takes them away meanwhile. */
async function crowd(machine: Machine, request: Machine['request'], first: number): Promise<Crossing[]> {
  const numbers = Array.from({ length: CROWD }, (_, i) => first + i)
  await machine.ip(
    'host',
    ...numbers.flatMap(n => [
      `link add veth${n} type veth peer name eth${n} netns @app`,
      `address add 10.200.${n}.1/24 dev veth${n}`,
      `link set veth${n} up`,
    ]),
  )
  await machine.ip(
    'app',
    ...numbers.flatMap(n => [`address add 10.200.${n}.2/24 dev eth${n}`, `link set eth${n} up`]),
  )
  const up = performance.now()
  const ending = new AbortController()
  const crossings = numbers.map(() => ({
    ...{ served: 0, servedForMs: 0, refused: 0, servedAgain: 0, others: 0, othersRefused: 0 },
  }))
  const asking = numbers.flatMap((n, i) => {
    const crossing = crossings[i] as Crossing
    return [ATTACKER, USER].map(client => askOn(request, n, client, crossing, up, ending.signal))
  })
  await waitFor('all of the crowd to refuse', () =>
    crossings.every(({ refused, others }) => refused > 2 && others > 2),
  )
  // under way while they go
  await machine.ip('host', ...numbers.map(n => `link del veth${n}`))
  ending.abort()
  await Promise.all(asking)
  return crossings
}

/** Asks again and again by way of a device, as a front end of this host does for a client. */
async function askOn(
  request: Machine['request'],
  n: number,
  client: string,
  crossing: Crossing,
  up: number,
  ending: AbortSignal,
): Promise<void> {
  const to = { v4: `10.200.${n}.2`, v6: '', port: 3031 }
  while (!ending.aborted) {
    const sent = performance.now()
    const answer = await request({
      from: `10.200.${n}.1`,
      to,
      headers: { 'X-Forwarded-For': client },
      within: WITHIN_MS,
    })
    if (client === USER) {
      if (isFromApp(answer)) crossing.others += 1
      if (answer.status === 403) crossing.othersRefused += 1
    } else if (answer.status === 403) {
      crossing.refused += 1
    } else if (isFromApp(answer)) {
      crossing.served += 1
      crossing.servedForMs = sent - up
      if (crossing.refused > 0) crossing.servedAgain += 1
    }
  }
}

/** What there is of rows, filters and open files, as text. */
async function rests(machine: Machine, pid: number): Promise<string> {
  const run = (...argv: [string, ...string[]]) => machine.command('host', argv)
  const rows = await Promise.all(
    TABLES.map(async table => {
      const dump = await run('bpftool', '-j', 'map', 'dump', 'pinned', `${machine.pins()}/maps/${table}`)
      return [table, JSON.parse(dump).length] as const
    }),
  )
  const { length: files } = readdirSync(`/proc/${pid}/fd`)
  return JSON.stringify({
    ...{ rows, files, pins: readdirSync(machine.pins(), { recursive: true }).sort() },
    filters: await run('bpftool', '-j', 'net', 'show'),
    queues: await run('tc', 'qdisc', 'show'),
  })
}
