/** The time in the kernel program for each kind of packet, by the kernel's own account. */
import { ACK, frame, PSH, SYN } from '../kernel/bpf/frame.js'
import { type Loaded, load } from '../kernel/bpf/loaded.js'
import { BROWSER, bans } from './bpf-requests.js'

/** Bytes of a segment, as large as BPF_PROG_TEST_RUN takes them; and of a text of which a few are enough for a block. */
const SEGMENT = 3400
const MUCH = 5000
/** The time of a block is read at once. Their median counts, since whatever else runs on the machine comes in between. */
const BLOCKS = 40

/** What the kernel program spends on a text. */
export interface Meter {
  /** The nanoseconds for each of `count` texts, each in a connection of its own. */
  spent: (text: string, count: number, flags?: number) => Promise<number>
  /** The same of a SYN. */
  opening: (count: number) => Promise<number>
  end: () => Promise<void>
}

/** The requests of a browser that has come by these hops. */
export const browser = (list: string) =>
  ['GET /some/page?x=1 HTTP/1.1', `X-Forwarded-For: ${list}`, ...BROWSER, '', ''].join('\r\n')

/** Nanoseconds in the program for each kind of segment, with 50,000 bans. */
export async function cost(): Promise<void> {
  const meter = await createMeter()
  try {
    const median = async (measured: () => Promise<number>, blocks = BLOCKS) => {
      const times: number[] = []
      for (let i = 0; i < blocks; i++) times.push(await measured())
      return Math.round(times.sort((a, b) => a - b)[blocks >> 1] as number)
    }
    console.log(`SYN: ${await median(() => meter.opening(100))} ns`)
    console.log(`bare ACK: ${await median(() => meter.spent('', 100, ACK))} ns`)
    for (const [name, text] of KINDS) {
      const isLong = text.length > MUCH
      const time = await median(() => meter.spent(text, isLong ? 20 : 100), isLong ? 5 : BLOCKS)
      console.log(`${name}, ${text.length} bytes: ${time} ns`)
    }
  } finally {
    await meter.end()
  }
}

const KINDS: readonly [string, string][] = [
  ["a browser's request", browser('203.0.113.8')],
  ['the same, banned', browser('203.0.113.7')],
  ['curl', 'GET / HTTP/1.1\r\nX-Forwarded-For: 203.0.113.8\r\nHost: a\r\nAccept: */*\r\n\r\n'],
  ['3 KB of hops', browser(`${'10.0.0.1, '.repeat(260)}203.0.113.8`)],
  ...['::1,', '[::1],', '1.2.3.4,', ',', '\r', '\r\r\n', '1\r\n ,'].map((unit): [string, string] => [
    `a list of ${JSON.stringify(unit)}`,
    browser(unit.repeat(64_500 / unit.length)),
  ]),
  ...['x:1', 'Content-Length:1', 'Transfer-Encoding:a'].map((line): [string, string] => [
    `lines ${line}`,
    browser(`203.0.113.8${`\r\n${line}`.repeat(64_500 / (line.length + 2))}`),
  ]),
]

/** Loads the program with 50,000 bans. */
export async function createMeter(): Promise<Meter> {
  const ends: (() => unknown)[] = []
  const kernel = await load({ teardown: end => void ends.unshift(end) })
  await fill(kernel)
  const statistics = await kernel.statistics()
  let serial = 0

  const flows = (count: number) =>
    Array.from({ length: count }, () => {
      serial += 1
      const source = Buffer.from([10, (serial >> 16) & 255, (serial >> 8) & 255, serial & 255])
      const destination = Buffer.from([10, 9, 0, 2])
      const flow = { source, destination, sourcePort: 4000, destinationPort: 80, timestamps: true }
      return (seq: number, flags: number, payload: string) =>
        frame(flow, { seq, ack: 1, flags, payload: Buffer.from(payload) })
    })
  const timeOf = async (frames: readonly Buffer[]) => {
    const { time } = statistics()
    await kernel.segments(frames)
    return statistics().time - time
  }

  return {
    async spent(text, count, flags = ACK | PSH) {
      const opened = flows(count)
      await kernel.segments(opened.map(segment => segment(0, SYN, '')))
      const frames = opened.flatMap(segment => {
        const parts = [segment(1, flags, text.slice(0, SEGMENT))]
        for (let at = SEGMENT; at < text.length; at += SEGMENT)
          parts.push(segment(1 + at, flags, text.slice(at, at + SEGMENT)))
        return parts
      })
      return (await timeOf(frames)) / count
    },
    opening: async count => (await timeOf(flows(count).map(segment => segment(0, SYN, '')))) / count,
    async end() {
      for (const end of ends) await end()
    },
  }
}

async function fill(kernel: Loaded): Promise<void> {
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
}
