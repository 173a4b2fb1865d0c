import { appendFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Test } from 'tap'
import { random } from '../known-truth.js'
import { bus, type Nats, setUpNats } from '../nats.js'
import { waitFor } from '../wait-for.js'
import { bringAbout, type Fault, isWhole } from './faults.js'
import { type Service, startService } from './service.js'
import { type Due, MAX, type Plan, planTraffic } from './traffic.js'
import { bansIn, journalOf, judge, type Verdict, type Wanted, wantedOf } from './verdict.js'

const WINDOW = `--max ${MAX} --find 300 --late 630`
/** How long to wait for what does not come: then it is lost. */
const PATIENCE = { within: 90_000, every: 500 }
/** How often lines are appended to the logs, in milliseconds. */
const STEP_MS = 20

export interface Chaos extends Plan {
  nodes: number
  isNewer: boolean
  /** what goes wrong, one after the other; where traffic is left when all have been they begin anew */
  faults: readonly Fault[]
  isRepeated: boolean
  /** how long nothing goes wrong between two of them, in milliseconds */
  rest: number
  /** writers that know no place */
  isNaive?: boolean
  note: (text: string) => void
}

/** Runs a fleet while things go wrong. @returns how what it made of the logs differs from what one process makes of them */
export async function chaos(t: Pick<Test, 'teardown'>, options: Chaos): Promise<Verdict> {
  const { nodes, isNewer, hosts, note } = options
  const nats = await setUpNats(t, { ...(nodes > 1 ? { nodes } : {}), isNewer })
  await waitFor('all servers', () => isWhole(nats))
  const logs = Array.from({ length: hosts }, (_, i) => join(nats.dir, `web${i}.log`))
  for (const log of logs) writeFileSync(log, '')
  const services = {
    writer: logs.map((log, i) => startService(t, nats, `web${i}`, writing(`web${i}`, log, options.isNaive))),
    counter: [0, 1].map(i => startService(t, nats, `count${i}`, counting(`count${i}`))),
    reader: logs.map((_, i) => startService(t, nats, `web${i}`, enforcing(`web${i}`))),
  }
  const [all] = await Promise.all([feed(planTraffic(options), logs), disturb(options, { nats, services })])
  note(`${all} lines are written`)

  const wanted = await wantedOf(logs, WINDOW)
  const verdict = await settle(nats, wanted, services.reader)
  await Promise.all(Object.values(services).flatMap(some => some.map(one => one.stop())))
  tell(services, note)
  return verdict
}

function writing(name: string, log: string, isNaive = false): string {
  const writer = isNaive
    ? `${process.execPath} ${resolve('build/test/support/fleet/naive-writer.js')} ${name}`
    : `xff-bus write requests --from ${name}`
  return `tail -n 100000 -F ${log} 2>/dev/null | uwsgi-parse --socket http 2>/dev/null | ${writer} $SERVER`
}

function counting(name: string): string {
  return (
    `xff-bus read requests --from ${name} --since 1d $SERVER | xff-window ${WINDOW} 2>/dev/null | ` +
    `xff-bus write bans --from ${name} $SERVER`
  )
}

function enforcing(name: string): string {
  const jail = `--name ${name} --dir bans-${name} --state ${name}.jsonl`
  return `mkdir -p bans-${name}; xff-bus read bans --from ${name} $SERVER | xff-ban ${jail} 2>/dev/null`
}

/** Appends the lines when they are due. @returns how many */
async function feed(plan: readonly Due[], logs: readonly string[]): Promise<number> {
  const began = performance.now()
  for (let next = 0; next < plan.length; await pause(STEP_MS)) {
    const now = performance.now() - began
    const texts = logs.map(() => '')
    for (let due = plan[next]; due && due.at <= now; due = plan[next]) {
      texts[due.host] += due.line()
      next += 1
    }
    logs.forEach((log, host) => {
      if (texts[host]) appendFileSync(log, texts[host])
    })
  }
  return plan.length
}

type Running = Parameters<typeof bringAbout>[1]

async function disturb(
  { faults, isRepeated, rest, seed, duration, note }: Chaos,
  running: Running,
): Promise<void> {
  const chance = random(seed + 1)
  const began = performance.now()
  for (let turn = 0; turn < faults.length || isRepeated; turn++) {
    await pause(rest * (0.5 + chance()))
    if (isRepeated && performance.now() - began > duration) return
    const fault = faults[turn % faults.length] as Fault
    const since = performance.now()
    await bringAbout(fault, running, chance)
    note(`${fault}: ${((performance.now() - since) / 1000).toFixed(1)} s`)
  }
}

/** Waits until all is there that has to be, or for as long as that may take. */
async function settle(nats: Nats, wanted: Wanted, readers: readonly Service[]): Promise<Verdict> {
  const read = async (what: string) =>
    (await bus(nats, `read ${what} --since 1d --late 1d --ahead 1d --end`)).stdout
  const look = async () => {
    const stream = { records: await read('requests'), bans: await read('bans') }
    const hosts = readers.map(({ name, said }) => ({
      name,
      journal: journalOf(nats.dir, name),
      told: said().map(({ stdout }) => stdout),
    }))
    return judge(wanted, stream, hosts)
  }
  await waitFor('the end', async () => (await look()).lost.length === 0, PATIENCE).catch(() => {})
  // what is doubled may come only now
  await waitFor('all to be read', async () => isCaughtUp(readers, await read('bans'))).catch(() => {})
  return look()
}

function isCaughtUp(readers: readonly Service[], bans: string): boolean {
  const last = bansIn(bans).at(-1)
  return (
    last === undefined ||
    readers.every(({ said }) => said().some(({ stdout }) => bansIn(stdout).includes(last)))
  )
}

/** Tells how often what is meant for the worst has acted. */
function tell(services: Running['services'], note: (text: string) => void): void {
  const errors = Object.values(services).flatMap(some =>
    some.flatMap(one => one.said().map(({ stderr }) => stderr)),
  )
  const lines = errors.flatMap(text => text.split('\n'))
  const counts = new Map<string, number>()
  for (const line of lines) {
    const about =
      /written again|batches missing|another xff-bus|is not in this input|made anew|internal|Error/.exec(line)
    if (about) counts.set(line.replaceAll(/\d+/g, 'N'), (counts.get(line.replaceAll(/\d+/g, 'N')) ?? 0) + 1)
  }
  for (const [line, count] of counts) note(`said ${count} times: ${line}`)
}
