/**
 * What a fleet takes, and how soon all of it refuses a client. First ten hosts with front ends, apps and kernel programs;
 * then up to a thousand made-up ones on one broker, at rates from which sizes follow. As root.
 *
 *     make bench-fleet      SECONDS=10 for each rate (15), ATTACKERS=10 of the ten hosts (30; 0 leaves these out),
 *                           HOSTS=100 instead of 1,000, NODES=3 for three servers alone (1,3)
 */
import '../support/apart.js'
import { cpus } from 'node:os'
import type { Test } from 'tap'
import { createApps } from '../support/fleet/apps.js'
import { hasNewerNats, noNats, setUpNats } from '../support/nats.js'
import { type Load, type LoadFigures, load } from './fleet-load.js'
import { printTable, quantile } from './table.js'

const ATTACKERS = Number(process.env.ATTACKERS ?? 30)
const SECONDS = Number(process.env.SECONDS ?? 15)
const HOSTS = Number(process.env.HOSTS ?? 1_000)
const NODES = (process.env.NODES ?? '1,3').split(',').map(Number)
const APPS = 10
/** How soon all hosts have to refuse a client after his tenth failure, in milliseconds. */
const LIMIT_MS = 1_000

if (noNats) throw new Error(noNats)
const isSoon = ATTACKERS === 0 || (await apps())
await loads()
process.exit(isSoon ? 0 : 1)

async function apps(): Promise<boolean> {
  const clients = Array.from({ length: ATTACKERS }, (_, i) => `203.0.113.${i + 1}`)
  const times = await alone(async t => {
    const fleet = await createApps(t, await setUpNats(t), { hosts: APPS, clients })
    const all: number[][] = []
    for (const client of clients) all.push(await fleet.attack(client))
    return all
  })
  const row = (name: string, values: readonly number[]) => [
    name,
    ...[0, 0.5, 0.99, 1].map(share => milliseconds(quantile(values, share))),
  ]
  const last = times.map(some => Math.max(...some))
  printTable(
    `${ATTACKERS} attackers, one failure on each of ${APPS} hosts: from the answer to the tenth to a refusal`,
    ['', 'min', 'p50', 'p99', 'max'],
    [
      row(
        'the first host',
        times.map(some => Math.min(...some)),
      ),
      row('any host', times.flat()),
      row('the last host', last),
    ],
  )
  return quantile(last, 0.99) <= LIMIT_MS
}

async function loads(): Promise<void> {
  const wanted: Load[] = [
    { hosts: 10, rate: 1_000, gatherSeconds: 0, seconds: SECONDS },
    { hosts: HOSTS, rate: 1_000, gatherSeconds: 0, seconds: SECONDS },
    { hosts: HOSTS, rate: 10_000, gatherSeconds: 1, seconds: SECONDS },
    { hosts: HOSTS, rate: 100_000, gatherSeconds: 1, seconds: SECONDS },
  ]
  const rows: string[][] = []
  for (const nodes of NODES.filter(nodes => nodes === 1 || hasNewerNats)) {
    for (const one of wanted) {
      const figures = await alone(async t => load(t, await setUpNats(t, nodes > 1 ? { nodes } : {}), one))
      rows.push(rowOf(nodes, one, figures))
    }
  }
  if (!hasNewerNats && NODES.some(nodes => nodes > 1))
    console.log('left out: three nodes, as test/support/newer-nats has unpacked no newer release')
  printTable(
    `made-up hosts, broker and counter on ${cpus().length} processors; processor time in microseconds a record, and what it comes to at the wanted rate`,
    [
      ...[
        'nodes',
        'hosts',
        'failures/s',
        'reached',
        'gather',
        'batches/s',
        'bytes a line',
        'broker us',
        'cores',
      ],
      ...['counter us', 'cores', 'hosts us', 'tenth failure to the last host, p50 / max'],
    ],
    rows,
  )
}

function rowOf(nodes: number, { hosts, rate, gatherSeconds }: Load, figures: LoadFigures): string[] {
  const { records, seconds, batches, storedBytes, brokerUs, counterUs, hostsUs, delays, late } = figures
  const cores = (us: number) => ((us * rate) / 1e6).toFixed(2)
  return [
    ...[nodes, hosts, rate, Math.round(records / seconds)].map(String),
    `${gatherSeconds} s`,
    ...[
      Math.round(batches / seconds),
      (storedBytes / records).toFixed(0),
      brokerUs.toFixed(1),
      cores(brokerUs),
    ].map(String),
    ...[counterUs.toFixed(1), cores(counterUs), hostsUs.toFixed(1)],
    `${milliseconds(quantile(delays, 0.5))} / ${milliseconds(quantile(delays, 1))}${late > 0 ? `, ${late} not in time` : ''}`,
  ]
}

/** What is taken down when it is done. */
async function alone<T>(measure: (t: Test) => Promise<T>): Promise<T> {
  const endings: (() => unknown)[] = []
  let passing = false
  const t = {
    teardown: (ending: () => unknown) => endings.unshift(ending),
    passing: () => passing,
    comment: console.error,
  }
  try {
    const measured = await measure(t as never)
    passing = true
    return measured
  } finally {
    for (const ending of endings) await ending()
  }
}

function milliseconds(value: number): string {
  return `${Math.round(value)} ms`
}
