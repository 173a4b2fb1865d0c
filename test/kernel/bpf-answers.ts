/** What the kernel program does with the segments of a connection, one by one: answers, resets, what is kept in mind. */
import { setTimeout as pause } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { ACK, FIN, type Flow, frame, PSH, parse, RST, SYN } from './bpf/frame.js'
import {
  BANNED,
  BPF,
  CLIENT,
  DROP,
  type Loaded,
  load,
  NONE,
  type Outcome,
  PASS,
  REDIRECT,
  UNATTRIBUTED,
} from './bpf/loaded.js'
import { part } from './bpf/requests.js'
import { kernelTest } from './lab/needs.js'

/** One connection from a front end to a port, sequence numbers that wrap in the first request. */
class Connection {
  static #sourcePort = 20_000
  readonly flow: Flow
  seq = 0xfffffff0
  ack = 0x80000000
  readonly #kernel: Loaded

  constructor(kernel: Loaded, destinationPort: number, six = false, timestamps = true) {
    const address = (n: number) =>
      six ? Buffer.from(`fd${'0'.repeat(29)}${n}`, 'hex') : Buffer.from([10, 9, 0, n])
    this.#kernel = kernel
    const sourcePort = Connection.#sourcePort++
    this.flow = { source: address(1), destination: address(2), sourcePort, destinationPort, timestamps }
  }

  /** One segment, wherever it belongs. */
  async raw(flags: number, payload: string, seq = this.seq): Promise<Outcome> {
    const segment = frame(this.flow, { seq, ack: this.ack, flags, payload: Buffer.from(payload, 'latin1') })
    const [outcome] = await this.#kernel.segments([segment])
    return outcome as Outcome
  }

  async open(): Promise<this> {
    await this.raw(SYN, '', this.seq - 1)
    return this
  }

  /** The next segment. */
  async send(payload: string): Promise<Outcome> {
    const outcome = await this.raw(ACK | PSH, payload)
    this.seq = (this.seq + payload.length) >>> 0
    return outcome
  }
}

const BAD = '203.0.113.7'
const GOOD = '203.0.113.8'
const request = (client: string) =>
  `GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: ${client}, 10.0.0.1\r\n\r\n`

async function start(t: Test): Promise<Loaded> {
  const kernel = await load(t)
  const http = { jail: 1, protocol: 'http', hops: 0, field: 'X-Forwarded-For' } as const
  await kernel.police({ ...http, port: 80, answer: '403' })
  await kernel.police({ ...http, port: 81, answer: '429' })
  await kernel.police({ port: 82, jail: 1, protocol: 'uwsgi', hops: 0, answer: '403', field: 'REMOTE_ADDR' })
  await kernel.police({ ...http, port: 83, jail: 2, answer: '403' })
  await kernel.trust(1, '10.0.0.0/8')
  await kernel.ban(1, BAD)
  return kernel
}

const KINDS = [false, true].flatMap(six => [false, true].map(timestamps => [six, timestamps] as const))

const cases: Readonly<Record<string, (t: Test, kernel: Loaded) => Promise<void>>> = {
  async 'the front end is played to its end'(t, kernel) {
    for (const [six, timestamps] of KINDS) {
      for (const [port, status] of [
        [80, '403 Forbidden'],
        [81, '429 Too Many Requests'],
      ] as const) {
        await playToTheEnd(t, await new Connection(kernel, port, six, timestamps).open(), status)
      }
    }
  },

  async 'a header is read wherever it is cut'(t, kernel) {
    const text = request(`8.8.8.8, ${BAD}:55`)
    for (const [six, timestamps] of KINDS) {
      for (let cut = 1; cut < text.length; cut++) {
        const c = await new Connection(kernel, 80, six, timestamps).open()
        const head = await c.send(text.slice(0, cut))
        const at = c.seq
        const rest = await c.send(text.slice(cut))
        if (head.action !== PASS || rest.verdict !== BANNED || parse(rest.bytes).seq !== at) {
          t.fail(`cut at ${cut}`, { six, timestamps })
        }
      }
    }
    t.pass(`${text.length - 1} cuts`)
  },

  async 'a retransmission that begins before what was seen'(t, kernel) {
    const c = await new Connection(kernel, 80).open()
    const first = c.seq
    await c.send(request(BAD).slice(0, 30))
    const whole = await c.raw(ACK | PSH, request(BAD), first)
    t.equal(whole.verdict, BANNED)
    t.equal(
      parse(whole.bytes).seq,
      (first + 30) >>> 0,
      'a RST where the stack stands, or it would be ignored',
    )
  },

  async 'a body is no request, whatever it looks like'(t, kernel) {
    const c = await new Connection(kernel, 80).open()
    t.equal((await c.send(request(GOOD))).verdict, CLIENT)
    t.match(await c.send(request(BAD)), { action: PASS, verdict: NONE })
  },

  async 'a later request of a kept connection is of another client'(t, kernel) {
    const c = await new Connection(kernel, 80).open()
    t.equal((await c.send(request(GOOD))).verdict, CLIENT)
    c.ack += 100
    t.equal((await c.send(request(BAD))).verdict, BANNED)
  },

  async 'half a header at the end of a body does not reach into the next request'(t, kernel) {
    const line = 'GET / HTTP/1.1\r\nX-Forwarded-For:'
    for (const tail of [`${line} ${BAD}, `, 'AAAA', `${line} 9.9.9.9\r\nX:`]) {
      const c = await new Connection(kernel, 80).open()
      await c.send(request(GOOD))
      await c.send(tail)
      c.ack += 100
      t.equal((await c.send(request('203.0.113.9'))).verdict, CLIENT)
      c.ack += 100
      t.equal((await c.send(request(BAD))).verdict, BANNED)
    }
  },

  async 'an app that answered before it read the body: the next request is read right'(t, kernel) {
    const c = await new Connection(kernel, 80).open()
    await c.send(request(GOOD))
    c.ack += 100
    await c.send('x'.repeat(500))
    t.equal((await c.send(request(BAD))).verdict, BANNED)
  },

  async 'met in mid-stream, bodies pass, and the next request is read'(t, kernel) {
    const c = new Connection(kernel, 80)
    for (const body of ['\x16\x03\x01', '{"a":1}\nb', 'text', '\n'])
      t.equal((await c.send(body)).action, PASS)
    c.ack += 100
    t.equal((await c.send(request(BAD))).verdict, BANNED)
  },

  async 'an old half header of the same ports opens no way'(t, kernel) {
    const c = await new Connection(kernel, 80).open()
    await c.send('GET / HTTP/1.1\r\nX-A: ')
    await c.open()
    t.equal((await c.send(request(BAD))).verdict, BANNED)
  },

  async 'what follows a SYN with data is not held up'(t, kernel) {
    const c = new Connection(kernel, 80)
    await c.raw(SYN, 'GET / HTTP', c.seq - 1)
    c.seq += 10
    t.equal((await c.send('/1.1\r\nA: b\r\n\r\n')).action, PASS)
  },

  async 'a part that overtakes is dropped until the hole is filled'(t, kernel) {
    const c = await new Connection(kernel, 80).open()
    const [head, rest] = [request(BAD).slice(0, 40), request(BAD).slice(40)]
    t.equal((await c.raw(ACK | PSH, rest, c.seq + 40)).action, DROP)
    await c.send(head)
    t.equal((await c.send(rest)).verdict, BANNED)
  },

  async 'and passes when the hole stays'(t, kernel) {
    const c = await new Connection(kernel, 80).open()
    const rest = request(BAD).slice(40)
    t.equal((await c.raw(ACK | PSH, rest, c.seq + 40)).action, DROP)
    await pause(3100) // PATIENCE_NS of xff_ban.bpf.c, on a clock that no test can set
    t.equal((await c.raw(ACK | PSH, rest, c.seq + 40)).action, PASS)
  },

  async 'jails are apart, and so is trust'(t, kernel) {
    t.equal((await (await new Connection(kernel, 83).open()).send(request(BAD))).verdict, CLIENT)
  },

  async 'an expired ban inside a live one, and the other way round'(t, kernel) {
    await kernel.ban(1, '198.51.100.9', 1n)
    await kernel.ban(1, '198.51.100.8/31', 1n)
    await kernel.ban(1, '198.51.0.0/16')
    await kernel.ban(1, '198.0.0.0/8', 1n)
    const verdict = async (client: string) =>
      (await (await new Connection(kernel, 80).open()).send(request(client))).verdict
    t.equal(await verdict('198.51.100.9'), BANNED)
    t.equal(await verdict('198.51.7.7'), BANNED)
    t.equal(await verdict('198.7.7.7'), CLIENT)
    const { hits, last } = await kernel.hits(1, '198.51.0.0/16')
    t.equal(hits, 2n, 'hits are counted')
    t.ok(last > 0n)
  },

  async 'uwsgi: the last of several, an empty one, long keys'(t, kernel) {
    const verdict = async (...variables: string[]) => {
      const block = Buffer.concat(variables.map(part)).toString('latin1')
      const head = String.fromCharCode(0, block.length & 255, block.length >> 8, 0)
      return (await (await new Connection(kernel, 82).open()).send(head + block)).verdict
    }
    const own = 'REMOTE_ADDR'
    t.equal(await verdict(own, BAD), BANNED)
    t.equal(await verdict(own, GOOD, own, BAD), BANNED)
    t.equal(await verdict(own, BAD, own, ''), UNATTRIBUTED)
    t.equal(await verdict('HTTP_'.padEnd(1200, 'A'), 'x', own, BAD), BANNED)
    t.equal(await verdict(`${own}S`, BAD, '', '', 'HTTP_A', own), UNATTRIBUTED)
  },
}

/** The answer, byte by byte, and everything that the front end may still send. */
async function playToTheEnd(t: Test, c: Connection, status: string): Promise<void> {
  const port = c.flow.destinationPort
  const first = c.seq
  const hit = await c.send(request(BAD))
  t.equal(hit.verdict, BANNED, `${status}, ${c.flow.source.length * 8} bits`)
  const reset = { sound: true, flags: RST, seq: first, destinationPort: port, macSource: '040404040404' }
  t.match(parse(hit.bytes), { ...reset, payload: Buffer.alloc(0) }, 'the stack gets a RST')
  // the request again, as when the answer is lost
  const again = await c.raw(ACK | PSH, request(BAD), first)
  const answer = parse(again.bytes)
  t.equal(again.action, REDIRECT)
  t.match(answer, {
    ...{ sound: true, flags: ACK | PSH | FIN, seq: c.ack, ack: c.seq, sourcePort: port },
    ...{ macSource: '020202020202', source: c.flow.destination.toString('hex') },
    timestamps: c.flow.timestamps ? '0101080a2222222211111111' : '',
  })
  const [head = '', body] = answer.payload.toString().split('\r\n\r\n')
  t.ok(head.startsWith(`HTTP/1.1 ${status}\r\n`))
  t.equal(Number(/Content-Length: (\d+)/.exec(head)?.[1]), body?.length)
  // more of a body is acknowledged
  c.ack = (c.ack + answer.payload.length + 1) >>> 0
  const tail = await c.send('x'.repeat(1000))
  t.equal(tail.action, REDIRECT)
  t.match(parse(tail.bytes), { sound: true, flags: ACK, seq: c.ack, ack: c.seq, payload: Buffer.alloc(0) })
  t.equal((await c.raw(ACK, '')).action, DROP)
  const fin = await c.raw(ACK | FIN, '')
  t.same([fin.action, parse(fin.bytes).ack], [REDIRECT, (c.seq + 1) >>> 0])
  t.equal((await c.raw(RST, '')).action, PASS)
  // the front end's port is used again
  await c.open()
  t.equal((await c.send(request(GOOD))).verdict, CLIENT)
}

for (const [name, story] of Object.entries(cases)) {
  kernelTest(name, ['perl', ...BPF], async t => story(t, await start(t)))
}
t.jobs = 1
