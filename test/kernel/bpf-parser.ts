/**
 * The kernel program and uwsgi-parse find the same client in the same bytes, however they are cut into segments, and
 * whatever comes twice or in another order. `RUNS_TIMES=50` makes 1,000,000 requests of 20,000.
 */
import { basename } from 'node:path'
import type { Test } from 'tap'
import { canonical } from '../../lib/net/address.js'
import { PRIVATE_RANGES } from '../../lib/net/private.js'
import { compileRanges } from '../../lib/net/ranges.js'
import { compileClient } from '../../lib/uwsgi-parse/client.js'
import { hexOf } from '../../lib/xff-ban/backend/bpf/contract.js'
import { seeded } from '../support/seeded.js'
import { type Chance, createChance } from './bpf/chance.js'
import { ACK, type Flow, frame, PSH, parse, RST, SYN } from './bpf/frame.js'
import { httpList, uwsgiList } from './bpf/framing.js'
import {
  BANNED,
  BPF,
  CLIENT,
  type Loaded,
  load,
  NONE,
  OBJECT,
  type Outcome,
  PASS,
  type Port,
  SMALL_BITES,
  UNATTRIBUTED,
} from './bpf/loaded.js'
import { type Body, createRequests, PROXIES, type Requests, STRANGERS } from './bpf/requests.js'
import { kernelTest } from './lab/needs.js'

const XFF = 'x-forwarded-for'
const VARIABLE = 'HTTP_X_FORWARDED_FOR'
const PORTS: readonly Port[] = [
  { port: 3031, jail: 1, protocol: 'http', hops: 0, answer: '403', field: XFF },
  { port: 3032, jail: 2, protocol: 'http', hops: 1, answer: '429', field: 'x-edge-client' },
  { port: 3033, jail: 1, protocol: 'http', hops: 3, answer: 'reset', field: XFF },
  { port: 3034, jail: 2, protocol: 'http', hops: 8, answer: '403', field: XFF },
  { port: 3035, jail: 3, protocol: 'uwsgi', hops: 0, answer: '403', field: 'REMOTE_ADDR' },
  { port: 3036, jail: 1, protocol: 'uwsgi', hops: 2, answer: '403', field: VARIABLE },
  { port: 3037, jail: 3, protocol: 'uwsgi', hops: 0, answer: 'count', field: VARIABLE },
  { port: 3038, jail: 3, protocol: 'http', hops: 0, answer: 'count', field: XFF },
  // longer than what is compared of the other names, and as long as a name may be
  {
    port: 3039,
    jail: 2,
    protocol: 'http',
    hops: 0,
    answer: '403',
    field: 'x-forwarded-for-by-the-edge-of-all',
  },
  { port: 3040, jail: 1, protocol: 'http', hops: 2, answer: '403', field: `x-${'a-'.repeat(30)}b` },
]
const JAILS = [1, 2, 3]
/** Jail 3 trusts nobody: as a proxy of the app's own host does not append. */
const TRUSTING = [1, 2]
const NETWORKS = ['203.0.113.0/24', '2001:db8:5::/64', '2001:db8::/48', '2001:db8::/32']
/** No segment carries more. */
const SEGMENT = 3000
/** Requests under way at a time, so that neither side waits. */
const AT_ONCE = 16
/** In milliseconds. */
const PATIENCE = 600_000 * Number(process.env.RUNS_TIMES ?? 1)

/** Connections that a program follows at the most: they never end, and its table holds 81,920. */
const FOLLOWED = 20_000

/** In blocks, each of a seed of its own, so that a failure can be had again without those before it. */
const compare = async (t: Test, object: string) => {
  const { seed = 0, numRuns = 0 } = seeded(t, FOLLOWED)
  for (let block = 0; block * FOLLOWED < numRuns; block++) {
    const own = (seed + block) % 2 ** 31
    const runs = Math.min(numRuns - block * FOLLOWED, FOLLOWED)
    await t.test(`${runs} requests of SEED=${own}`, t => compareSome(t, object, own, runs))
  }
}

async function compareSome(t: Test, object: string, seed: number, numRuns: number): Promise<void> {
  const chance = createChance(seed)
  const kernel = await load(t, object)
  const isBanned = await fill(kernel, chance)
  const requests = createRequests(chance)
  const finders = new Map(
    PORTS.map(({ port, jail, hops }) => {
      const ranges = TRUSTING.includes(jail) ? PRIVATE_RANGES : []
      return [port, compileClient({ ranges, hops: hops === 0 ? undefined : hops })]
    }),
  )
  const tally = new Map<string, number>()
  const differences: unknown[] = []

  const one = async (number: number) => {
    const port = chance.pick(PORTS)
    const story = tell(number, port, chance, requests)
    const outcomes = await kernel.segments(story.frames)
    for (const [i, outcome] of outcomes.entries()) {
      const due = story.due.get(i)
      const differ = (why: string) =>
        differences.push({ number, port: port.port, segment: i, why, request: due?.toString('latin1') })
      const untouched = outcome.bytes.equals(story.frames[i] as Buffer)
      if (due === undefined) {
        const passes = outcome.action === PASS && outcome.verdict === NONE && untouched
        if (story.early.has(i) ? outcome.action === PASS : !passes) differ('a segment without a verdict')
        continue
      }
      const list = listIn(due, port)
      const client = list === undefined ? null : (finders.get(port.port)?.(list).ip ?? null)
      const banned = client !== null && isBanned(port.jail, client)
      const expected = list === undefined ? NONE : client === null ? UNATTRIBUTED : banned ? BANNED : CLIENT
      const name = ['incomplete', 'unattributed', 'passed', 'banned'][expected as number] as string
      tally.set(name, (tally.get(name) ?? 0) + 1)
      if (outcome.verdict !== expected) differ(`verdict ${outcome.verdict} for ${client}`)
      else if (client !== null && outcome.client !== hexOf(client)) differ(`${outcome.client} for ${client}`)
      else if (banned && port.answer !== 'count') {
        if (!isReset(outcome, port)) differ('no sound RST for the stack')
        return // of what comes behind, nothing is read
      } else if (!untouched) differ('a request that passes was changed')
    }
  }

  let next = 0
  const worker = async () => {
    while (next < numRuns) await one(next++)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  t.comment([...tally].map(([name, count]) => `${count} ${name}`).join(', '))
  t.same(differences.slice(0, 5), [], `${differences.length} of ${numRuns} differ; SEED=${seed} repeats it`)
  for (const name of ['unattributed', 'passed', 'banned']) t.ok((tally.get(name) ?? 0) > numRuns / 50, name)
}
for (const object of [OBJECT, SMALL_BITES]) {
  kernelTest(
    `the kernel finds the clients that uwsgi-parse finds: ${basename(object)}`,
    ['perl', ...BPF, object],
    t => compare(t, object),
    PATIENCE,
  )
}

function listIn(request: Buffer, { protocol, field }: Port): string | undefined {
  return protocol === 'http' ? httpList(request, field) : uwsgiList(request, field)
}

function isReset({ bytes }: Outcome, { port }: Port): boolean {
  const { flags, sound, payload, destinationPort } = parse(bytes)
  return flags === RST && sound && payload.length === 0 && destinationPort === port
}

/** Fills the tables with ports, trust, and bans of which some are over. @returns who is banned */
async function fill(kernel: Loaded, { happens }: Chance): Promise<(jail: number, ip: string) => boolean> {
  for (const port of PORTS) await kernel.police(port)
  for (const jail of TRUSTING) for (const range of PRIVATE_RANGES) await kernel.trust(jail, range)
  const live = new Map(JAILS.map(jail => [jail, new Map<string, boolean>()]))
  for (const jail of JAILS) {
    const bans = live.get(jail) as Map<string, boolean>
    for (const text of [...STRANGERS, ...PROXIES])
      if (happens(0.4)) bans.set(canonical(text) ?? '', happens(0.7))
    for (const range of NETWORKS) bans.set(range, happens(0.5))
    for (const [range, lives] of bans) await kernel.ban(jail, range, lives ? undefined : 1n)
  }
  const inLive = new Map(
    [...live].map(([jail, bans]) => [
      jail,
      compileRanges([...bans].flatMap(([range, lives]) => (lives ? range : []))),
    ]),
  )
  return (jail, ip) => inLive.get(jail)?.(ip) === true
}

interface Story {
  frames: Buffer[]
  /** the frames after which a verdict is due, and the whole request */
  due: Map<number, Buffer>
  /** the frames that come before their turn */
  early: Set<number>
}

/** One connection: requests, cut, repeated, merged and overtaking, with bodies that may be requests. */
function tell(number: number, port: Port, { below, happens }: Chance, requests: Requests): Story {
  const story: Story = { frames: [], due: new Map(), early: new Set() }
  const { frames, due, early } = story
  const flow = flowOf(number, port.port, happens(0.5), happens(0.7))
  const start = below(2 ** 32)
  let ack = below(2 ** 32)
  let position = 0
  const send = (payload: Buffer, at: number, flags = ACK | PSH) =>
    frames.push(frame(flow, { seq: (start + 1 + at) >>> 0, ack, flags, payload })) - 1
  const open = () => frames.push(frame(flow, { seq: start, ack: 0, flags: SYN, payload: Buffer.alloc(0) }))
  const mayDrop = port.answer !== 'count'
  open()
  for (let turn = happens(0.2) ? 2 + below(2) : 1; turn > 0; turn--) {
    const none: Body = { bytes: Buffer.alloc(0), chunked: false }
    const content = requests[port.protocol](port.field, port.hops, none).subarray(0, SEGMENT)
    const body = requests.body(port.protocol, happens(0.3) ? content : none.bytes)
    const request = wholeOf(requests[port.protocol](port.field, port.hops, body), port)
    const complete = listIn(request, port) !== undefined
    const first = position
    const marks = cut(request.length, below, happens)
    for (let i = 0, from = 0; i < marks.length; i++) {
      const to = marks[i] as number
      if (complete && mayDrop && happens(0.05) && to < request.length) {
        early.add(send(request.subarray(to, Math.min(request.length, to + SEGMENT)), first + to))
      }
      const back = complete && happens(0.1) ? below(from + 1) : from
      const begin = to - back <= SEGMENT + 300 ? back : from
      if (happens(0.05)) send(Buffer.alloc(0), first + from, ACK)
      const at = send(request.subarray(begin, to), first + begin, happens(0.05) ? ACK : ACK | PSH)
      if (to === request.length) due.set(at, request)
      if (complete && i > 0 && to < request.length && happens(0.05))
        send(request.subarray(from, to), first + from)
      if (happens(0.02)) open()
      from = to
    }
    position += request.length
    if (!complete) break
    // an answer may come before the body has gone
    if (happens(0.5)) ack = (ack + 1 + below(1000)) >>> 0
    const pieces = cut(body.bytes.length, below, happens).map((to, i, all) => [all[i - 1] ?? 0, to] as const)
    // where a length is told the order does not matter
    const inOrder = body.chunked ? pieces : pieces.sort(() => below(3) - 1)
    for (const [from, to] of inOrder) {
      if (to > from) send(body.bytes.subarray(from, to), position + from)
      if (happens(0.05)) send(body.bytes.subarray(from, to), position + from)
    }
    position += body.bytes.length
    if (happens(0.8)) ack = (ack + 1 + below(1000)) >>> 0
  }
  return story
}

/** Without what lies behind a block that says that it ends earlier: that is the body already. */
function wholeOf(request: Buffer, port: Port): Buffer {
  if (port.protocol === 'http' || listIn(request, port) === undefined) return request
  return request.subarray(0, 4 + request.readUInt16LE(1))
}

/** Where the segments of a request end. */
function cut(length: number, below: Chance['below'], happens: Chance['happens']): number[] {
  let cuts = Array.from({ length: happens(0.3) ? 0 : below(6) }, () => 1 + below(length))
  if (happens(0.01)) cuts = Array.from({ length: Math.min(length, 400) }, (_, i) => i + 1)
  for (let at = SEGMENT; at < length; at += SEGMENT) cuts.push(at)
  return [...new Set([...cuts, length])].sort((a, b) => a - b)
}

/** Connections of their own, by their number. */
function flowOf(number: number, destinationPort: number, six: boolean, timestamps: boolean): Flow {
  const source = six
    ? Buffer.from('fd00000000000000000000000000000a', 'hex')
    : Buffer.from([10, (number >> 16) & 255, (number >> 8) & 255, number & 255])
  if (six) source.writeUInt32BE(number, 4)
  const destination = Buffer.from(six ? 'fd00000000000000000000000000000b' : '0a010002', 'hex')
  return { source, destination, sourcePort: 1024 + (number % 60_000), destinationPort, timestamps }
}
