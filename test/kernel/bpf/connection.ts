/** A connection from a front end to a policed port, segment by segment: no socket stands for it. */
import type { Test } from 'tap'
import { kernelTest } from '../lab/needs.js'
import { ACK, type Flow, frame, PSH, SYN } from './frame.js'
import { BPF, type Loaded, load, type Outcome } from './loaded.js'

export interface Kind extends Partial<Pick<Flow, 'options' | 'extension' | 'vlan' | 'mac'>> {
  six?: boolean
  timestamps?: boolean
}

/** Sequence numbers that wrap in the first request. */
export class Connection {
  static #sourcePort = 20_000
  readonly flow: Flow
  seq = 0xfffffff0
  ack = 0x80000000
  readonly #kernel: Loaded

  constructor(
    kernel: Loaded,
    destinationPort: number,
    { six = false, timestamps = true, ...more }: Kind = {},
  ) {
    const address = (n: number) =>
      six ? Buffer.from(`fd${'0'.repeat(29)}${n}`, 'hex') : Buffer.from([10, 9, 0, n])
    this.#kernel = kernel
    const sourcePort = Connection.#sourcePort++
    const own = { source: address(1), destination: address(2), sourcePort, destinationPort, timestamps }
    this.flow = { ...own, ...more }
  }

  /** The bytes of one segment. */
  frame(flags: number, payload: string, seq = this.seq): Buffer {
    return frame(this.flow, { seq, ack: this.ack, flags, payload: Buffer.from(payload, 'latin1') })
  }

  /** One segment, wherever it belongs. */
  async raw(flags: number, payload: string, seq = this.seq): Promise<Outcome> {
    const [outcome] = await this.#kernel.segments([this.frame(flags, payload, seq)])
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

  /** An answer of so many bytes has come. */
  answered(bytes = 100): this {
    this.ack = (this.ack + bytes) >>> 0
    return this
  }
}

export const BAD = '203.0.113.7'
export const GOOD = '203.0.113.8'

export const request = (client: string, lines = '', method = 'GET') =>
  `${method} / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: ${client}, 10.0.0.1\r\n${lines}\r\n`

export const KINDS = [false, true].flatMap(six => [false, true].map(timestamps => ({ six, timestamps })))

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

/** Tests of a kernel program with some ports, each with one of its own. */
export function connectionTests(
  stories: Readonly<Record<string, (t: Test, kernel: Loaded) => Promise<void>>>,
): void {
  for (const [name, story] of Object.entries(stories)) {
    kernelTest(name, ['perl', ...BPF], async t => story(t, await start(t)))
  }
}
