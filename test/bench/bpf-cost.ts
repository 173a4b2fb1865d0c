/** The time in the kernel program for each kind of packet, by the kernel's own account. */
import { ACK, frame, PSH, SYN } from '../kernel/bpf/frame.js'
import { type Loaded, load } from '../kernel/bpf/loaded.js'
import { BROWSER, bans } from './bpf-requests.js'

/** Bytes of a segment, as large as BPF_PROG_TEST_RUN takes them; and of a text of which a few runs are enough. */
const SEGMENT = 3400
const MUCH = 5000

/** Nanoseconds in the program for each kind of segment, with 50,000 bans. */
export async function cost(): Promise<void> {
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
    ['curl', ACK | PSH, 'GET / HTTP/1.1\r\nX-Forwarded-For: 203.0.113.8\r\nHost: a\r\nAccept: */*\r\n\r\n'],
    ['3 KB of hops', ACK | PSH, browser(`${'10.0.0.1, '.repeat(260)}203.0.113.8`)],
    ...['::1,', '1.2.3.4,', ',', '\r', '1\r\n ,'].map((unit): [string, number, string] => [
      `a list of ${JSON.stringify(unit)}`,
      ACK | PSH,
      browser(unit.repeat(64_500 / unit.length)),
    ]),
    ...['x:1', 'Content-Length:1', 'Transfer-Encoding:a'].map((line): [string, number, string] => [
      `lines ${line}`,
      ACK | PSH,
      browser(`203.0.113.8${`\r\n${line}`.repeat(64_500 / (line.length + 2))}`),
    ]),
  ]
  const statistics = await kernel.statistics()
  let serial = 0
  /** The mean of many texts, each in a connection of its own. */
  const spent = async (flags: number, text: string, opened: boolean): Promise<number> => {
    const rounds = text.length > MUCH ? 2 : 100
    const { time } = statistics()
    for (let i = 0; i < rounds; i++) {
      const frames = Array.from({ length: 100 }, () => {
        serial += 1
        const source = Buffer.from([10, (serial >> 16) & 255, (serial >> 8) & 255, serial & 255])
        const destination = Buffer.from([10, 9, 0, 2])
        const flow = { source, destination, sourcePort: 4000, destinationPort: 80, timestamps: true }
        const segment = (seq: number, flags: number, payload: string) =>
          frame(flow, { seq, ack: 1, flags, payload: Buffer.from(payload) })
        const parts = [segment(1, flags, text.slice(0, SEGMENT))]
        for (let at = SEGMENT; at < text.length; at += SEGMENT)
          parts.push(segment(1 + at, flags, text.slice(at, at + SEGMENT)))
        return [...(opened ? [segment(0, SYN, '')] : []), ...parts]
      }).flat()
      await kernel.segments(frames)
    }
    return (statistics().time - time) / (100 * rounds)
  }
  const syn = await spent(SYN, '', false)
  for (const [name, flags, text] of kinds) {
    const opened = text !== ''
    const time = (await spent(flags, text, opened)) - (opened ? syn : 0)
    console.log(`${name}, ${text.length} bytes: ${Math.round(time)} ns`)
  }
}
