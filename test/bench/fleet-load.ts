import { setMaxListeners } from 'node:events'
import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import type { Test } from 'tap'
import type { Stored } from '../../lib/xff-bus/broker.js'
import { openNats } from '../../lib/xff-bus/nats/open.js'
import { unpack } from '../../lib/xff-bus/pack.js'
import { createRequestWriter } from '../../lib/xff-bus/write-requests.js'
import type { Writer } from '../../lib/xff-bus/writer.js'
import { childrenOf } from '../support/fleet/service.js'
import { bus, type Nats, pipeline } from '../support/nats.js'
import { waitFor } from '../support/wait-for.js'

/** After so many failures a client is banned. */
const MAX = 10
const TICK_MS = 50
/** So often another attacker fails ten times, on ten hosts. */
const TICKS_PER_ATTACK = 10
/** The kernel's unit of processor time, in microseconds (USER_HZ is 100 on all of Linux's architectures that we run on). */
const CLOCK_TICK_US = 10_000

export interface Load {
  hosts: number
  /** failures a second of all hosts together, of another client each */
  rate: number
  gatherSeconds: number
  seconds: number
}

/** What a load came to; times of processors in microseconds for each record, all nodes of the broker together. */
export interface LoadFigures {
  records: number
  seconds: number
  batches: number
  storedBytes: number
  brokerUs: number
  counterUs: number
  /** writers, readers and what makes up their logs, of all hosts */
  hostsUs: number
  /** from the tenth failure of a client to the last of the hosts that hears of the ban, in milliseconds */
  delays: number[]
  /** bans that not all hosts had heard of in the end */
  late: number
}

/** Made-up hosts, each with a connection, a writer and a reader of its own as xff-bus has them; the counter is the real one. */
export async function load(t: Test, nats: Nats, wanted: Load): Promise<LoadFigures> {
  const stop = new AbortController()
  setMaxListeners(0, stop.signal)
  const heard = hearing(wanted.hosts)
  const writers: Writer[] = []
  for (let i = 0; i < wanted.hosts; i++) writers.push(await openHost(t, nats, wanted, i, stop, heard.take))
  const counter = pipeline(
    t,
    nats,
    `xff-bus read requests --from count1 $SERVER | xff-window --max ${MAX} --find 300 --late 630 --keys 10000000 | ` +
      'xff-bus write bans --from count1 $SERVER',
  )
  const broker = () => nats.pids().reduce((sum, pid) => sum + processorUs(pid), 0)
  const counting = () => childrenOf(counter.shell.pid ?? 0).reduce((sum, pid) => sum + processorUs(pid), 0)
  const own = () => {
    const { user, system } = process.cpuUsage()
    return user + system
  }
  // until all is up
  await feed(writers, { ...wanted, seconds: 1 }, heard.attack, 0)
  await waitFor('the first ban', () => heard.delays().length > 0)
  const before = {
    at: performance.now(),
    broker: broker(),
    counter: counting(),
    own: own(),
    ...(await stored(nats)),
  }
  const records = await feed(writers, wanted, heard.attack, 1)
  await Promise.all(writers.map(writer => waitFor('all to be stored', () => writer.waiting() === 0)))
  const seconds = (performance.now() - before.at) / 1000
  await waitFor('the bans', () => heard.open() === 0, { within: 20_000 }).catch(() => {})
  const after = { broker: broker(), counter: counting(), own: own(), ...(await stored(nats)) }
  stop.abort()
  await counter.end()
  return {
    ...{ records, seconds, delays: heard.delays(), late: heard.open() },
    batches: after.batches - before.batches,
    storedBytes: after.bytes - before.bytes,
    brokerUs: (after.broker - before.broker) / records,
    counterUs: (after.counter - before.counter) / records,
    hostsUs: (after.own - before.own) / records,
  }
}

async function openHost(
  t: Test,
  { urls }: Nats,
  { gatherSeconds }: Load,
  i: number,
  { signal }: AbortController,
  take: (batch: Stored) => undefined,
): Promise<Writer> {
  const from = `web${i}`
  const warn = () => {}
  const broker = await openNats('app', signal, {
    servers: urls,
    name: from,
    isTls: false,
    isPatient: false,
    warn,
  })
  t.teardown(() => broker.close())
  broker
    .listen('bans', { since: Date.now(), isToEnd: false, take, onNewLog() {}, signal })
    .done.catch(() => {})
  const options = { broker, from, run: 'bench', gatherMs: gatherSeconds * 1000, now: Date.now, warn, signal }
  const writer = createRequestWriter({ ...options, onBadLine() {} })
  writer.failing.catch(() => {})
  await writer.open()
  return writer
}

/** Writes the failures when they are due; hosts begin one after the other within a second. @returns how many */
async function feed(
  writers: readonly Writer[],
  { rate, seconds }: Load,
  attack: (ip: string) => void,
  round: number,
): Promise<number> {
  const began = performance.now()
  const blocks = writers.map(() => '')
  let records = 0
  const add = (host: number, time: string, ip: string) => {
    blocks[host % blocks.length] += failureLine(time, ip)
    records += 1
  }
  for (let tick = 0; tick * TICK_MS < seconds * 1000; tick++) {
    const time = new Date().toISOString()
    const due = ((tick + 1) * TICK_MS * rate) / 1000
    const first = records
    while (records < due)
      add(Math.floor(Math.random() * writers.length), time, clientOf(records + round * 2 ** 28))
    if (tick % TICKS_PER_ATTACK === TICKS_PER_ATTACK - 1) {
      const ip = `45.${round}.${tick >> 8}.${tick & 255}`
      for (let i = 0; i < MAX; i++) add(first + i * 97, time, ip)
      attack(ip)
    }
    for (const [host, text] of blocks.entries()) {
      if (text === '') continue
      void writers[host]?.write(Buffer.from(text)).catch(() => {})
      blocks[host] = ''
    }
    await pause(Math.max(0, began + (tick + 1) * TICK_MS - performance.now()))
  }
  return records
}

function clientOf(number: number): string {
  return `2001:db8:${((number >>> 16) & 0xffff).toString(16)}:${(number & 0xffff).toString(16)}::1`
}

function failureLine(time: string, ip: string): string {
  return `{"type":"request","time":"${time}","ip":"${ip}","status":404,"method":"GET","uri":"/wp-login.php","protocol":"HTTP/1.1","bytes":162,"msecs":3}\n`
}

/** How long bans take from the tenth failure to the last host. */
function hearing(hosts: number) {
  const attacked = new Map<string, number>()
  /** the addresses in each batch, and how many hosts have heard of it */
  const batches = new Map<number, { ips: string[]; hosts: number }>()
  const delays: number[] = []
  return {
    attack: (ip: string) => void attacked.set(ip, performance.now()),
    take(batch: Stored): undefined {
      const known = batches.get(batch.seq) ?? {
        ips: String(unpack(batch)).match(/45\.\d+\.\d+\.\d+/g) ?? [],
        hosts: 0,
      }
      batches.set(batch.seq, known)
      known.hosts += 1
      if (known.hosts < hosts) return
      for (const ip of known.ips) {
        const since = attacked.get(ip)
        if (since !== undefined) delays.push(performance.now() - since)
        attacked.delete(ip)
      }
    },
    delays: () => delays,
    open: () => attacked.size,
  }
}

async function stored(nats: Nats): Promise<{ batches: number; bytes: number }> {
  const [requests] = JSON.parse((await bus(nats, 'status')).stdout).logs
  return requests
}

/** The processor time of a process so far, in microseconds. */
function processorUs(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ')
    return (Number(fields[11]) + Number(fields[12])) * CLOCK_TICK_US
  } catch {
    return 0
  }
}
