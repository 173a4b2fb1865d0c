/**
 * What bans cost: the port's throughput against no program, loading them, and the time in the kernel program for each
 * kind of packet by the kernel's own account. Root; `node build/test/bench/bpf.js [BANS...]`.
 */
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { bpfBackend } from '../../lib/xff-ban/backend/bpf.js'
import type { Ban } from '../../lib/xff-ban/jail/ban.js'
import { ACK, frame, PSH, SYN } from '../kernel/bpf/frame.js'
import { type Loaded, load, OBJECT } from '../kernel/bpf/loaded.js'
import { waitFor } from '../support/wait-for.js'

const ADDRESS = '10.0.0.2'
const PORT = 3031
const CONNECTIONS = 32
/** Of one measurement, in milliseconds; and how often the two sides are measured in turn. */
const SPAN = 2000
const ROUNDS = 6

const BROWSER = [
  ...['Host: www.example.org', 'Connection: close', 'sec-ch-ua: "Chromium";v="130", "Not?A_Brand";v="99"'],
  ...['sec-ch-ua-mobile: ?0', 'Upgrade-Insecure-Requests: 1', 'Accept-Language: de,en;q=0.5'],
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36',
  'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
  `Cookie: session=${'x'.repeat(120)}`,
]

/** Makes requests from the front end's side for a while; prints how many were answered in a second. */
async function ask(): Promise<void> {
  const head = ['GET / HTTP/1.1', 'X-Forwarded-For: 198.51.100.7', ...BROWSER, '', ''].join('\r\n')
  let answered = 0
  const sockets = Array.from({ length: CONNECTIONS }, () => {
    const socket = connect(PORT, ADDRESS)
    return socket
      .once('connect', () => socket.write(head))
      .on('data', () => {
        answered += 1
        socket.write(head)
      })
  })
  await pause(SPAN)
  for (const socket of sockets) socket.destroy()
  console.log(Math.round((answered / SPAN) * 1000))
}

/** The addresses of a botnet, and when their bans end. */
function bans(count: number): Ban[] {
  const until = Date.now() + 3_600_000
  return Array.from({ length: count }, (_, i) => {
    const ip = `${11 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}.${(i * 7) & 255}`
    return { ip, until, record: { type: 'ban', ip } }
  })
}

/** An app that answers at once, and a front end in another network namespace. */
async function measure(counts: readonly number[]): Promise<void> {
  const [front, link] = ['front', 'app']
  const self = fileURLToPath(import.meta.url)
  await execa('ip', ['netns', 'add', front])
  try {
    const lines = [
      ...[`link add ${link} type veth peer name front netns ${front}`],
      ...[`address add ${ADDRESS}/24 dev ${link}`, `link set ${link} up`],
    ]
    await execa('ip', ['-batch', '-'], { input: lines.join('\n') })
    const other = ['address add 10.0.0.1/24 dev front', 'link set front up', 'link set lo up']
    await execa('ip', ['-n', front, '-batch', '-'], { input: other.join('\n') })
    const app = execa(process.execPath, [self, 'serve'], { buffer: false })
    await waitFor('the app', () => answers())
    const rate = async () => {
      const { stdout } = await execa('nsenter', [`--net=/run/netns/${front}`, process.execPath, self, 'ask'])
      return Number(stdout)
    }
    for (const count of counts) {
      const backend = bpfBackend({
        ...{
          name: 'bench',
          ports: [PORT],
          trust: ['10.0.0.0/8'],
          devices: [],
          object: OBJECT,
          now: Date.now,
          warn() {},
          translations: async () => ({ targets: [], aliases: [] }),
        },
        ...{ protocol: 'http', field: 'X-Forwarded-For', hops: 0, answer: '403' },
      })
      await backend.open([])
      const start = performance.now()
      await backend.apply(bans(count).map(ban => ({ ban })))
      const loaded = performance.now() - start
      const [without, withBans]: [number[], number[]] = [[], []]
      for (let round = 0; round < ROUNDS; round++) {
        withBans.push(await rate())
        await execa('tc', ['filter', 'del', 'dev', link, 'ingress', 'pref', '49152'])
        without.push(await rate())
        await backend.reconcile()
      }
      const [a, b] = [median(withBans), median(without)]
      console.log(
        `${count} bans: loaded in ${(loaded / 1000).toFixed(2)} s; ` +
          `${a} of ${b} requests a second, ratio ${(a / b).toFixed(3)} (${spread(withBans)}; ${spread(without)})`,
      )
      await backend.flush()
    }
    app.kill()
    await app.catch(() => {})
  } finally {
    await execa('ip', ['netns', 'delete', front])
  }
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b)
  return ((sorted[sorted.length / 2 - 1] as number) + (sorted[sorted.length / 2] as number)) / 2
}

function spread(numbers: readonly number[]): string {
  return `${Math.min(...numbers)} to ${Math.max(...numbers)}`
}

async function answers(): Promise<true> {
  const socket = connect(PORT, ADDRESS)
  await once(socket, 'connect')
  socket.destroy()
  return true
}

/** Nanoseconds in the program for each kind of segment, with 50,000 bans. */
async function cost(): Promise<void> {
  const ends: (() => unknown)[] = []
  const kernel = await load({ teardown: end => void ends.unshift(end) })
  try {
    await costOf(kernel)
  } finally {
    for (const end of ends) await end()
  }
}

async function costOf(kernel: Loaded): Promise<void> {
  await kernel.police({
    port: 80,
    jail: 1,
    protocol: 'http',
    hops: 0,
    answer: '403',
    field: 'X-Forwarded-For',
  })
  for (const range of ['10.0.0.0/8', '127.0.0.0/8']) await kernel.trust(1, range)
  await Promise.all([...bans(50_000), { ip: '203.0.113.7' }].map(({ ip }) => kernel.ban(1, ip)))
  const browser = (list: string) =>
    ['GET /some/page?x=1 HTTP/1.1', `X-Forwarded-For: ${list}`, ...BROWSER, '', ''].join('\r\n')
  const kinds: readonly [string, number, string][] = [
    ['SYN', SYN, ''],
    ['bare ACK', ACK, ''],
    ["a browser's request", ACK | PSH, browser('203.0.113.8')],
    ['the same, banned', ACK | PSH, browser('203.0.113.7')],
    ['3 KB of hops', ACK | PSH, browser(`${'10.0.0.1, '.repeat(260)}203.0.113.8`)],
  ]
  const statistics = await kernel.statistics()
  let serial = 0
  /** The mean of 10,000 segments, each in a connection of its own. */
  const spent = async (flags: number, text: string, opened: boolean): Promise<number> => {
    const { time } = statistics()
    for (let i = 0; i < 100; i++) {
      const frames = Array.from({ length: 100 }, () => {
        serial += 1
        const source = Buffer.from([10, (serial >> 16) & 255, (serial >> 8) & 255, serial & 255])
        const destination = Buffer.from([10, 9, 0, 2])
        const flow = { source, destination, sourcePort: 4000, destinationPort: 80, timestamps: true }
        const segment = (seq: number, flags: number, payload: string) =>
          frame(flow, { seq, ack: 1, flags, payload: Buffer.from(payload) })
        return [...(opened ? [segment(0, SYN, '')] : []), segment(1, flags, text)]
      }).flat()
      await kernel.segments(frames)
    }
    return (statistics().time - time) / 10_000
  }
  const syn = await spent(SYN, '', false)
  for (const [name, flags, text] of kinds) {
    const opened = text !== ''
    const time = (await spent(flags, text, opened)) - (opened ? syn : 0)
    console.log(`${name}, ${text.length} bytes: ${Math.round(time)} ns`)
  }
}

/** An app that answers at once. */
function serve(): void {
  createServer(socket =>
    socket
      .on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n'))
      .on('error', () => {}),
  ).listen(PORT, ADDRESS)
}

const [, , role = '', ...counts] = process.argv
if (role === 'ask') await ask()
else if (role === 'serve') serve()
else {
  await cost()
  await measure((role === '' ? ['0', '1000', '50000', '1000000'] : [role, ...counts]).map(Number))
}
