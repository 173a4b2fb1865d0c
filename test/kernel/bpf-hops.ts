/** Each way in which a hop may be written, alone and between others: the kernel and uwsgi-parse take it for the same. */
import { PRIVATE_RANGES } from '../../lib/net/private.js'
import { compileClient } from '../../lib/uwsgi-parse/client.js'
import { hexOf } from '../../lib/xff-ban/backend/bpf/contract.js'
import { ACK, frame, PSH, SYN } from './bpf/frame.js'
import { BPF, CLIENT, load, type Port, UNATTRIBUTED } from './bpf/loaded.js'
import { PROXIES, part, STRANGE, STRANGERS } from './bpf/requests.js'
import { kernelTest } from './lab/needs.js'

const FIELD = 'X-Forwarded-For'
const PORTS: readonly Port[] = [0, 1, 2].flatMap(hops => [
  { port: 80 + hops, jail: 1, protocol: 'http', hops, answer: 'count', field: FIELD },
  { port: 90 + hops, jail: 1, protocol: 'uwsgi', hops, answer: 'count', field: FIELD },
])

kernelTest(
  'the kernel reads hops in every form in which front ends write them',
  ['perl', ...BPF],
  async t => {
    const kernel = await load(t)
    for (const port of PORTS) await kernel.police(port)
    for (const range of PRIVATE_RANGES) await kernel.trust(1, range)
    let sourcePort = 20_000

    const found = async ({ port, protocol }: Port, list: string): Promise<string | null> => {
      const http = Buffer.from(`GET / HTTP/1.1\r\nHost: a\r\n${FIELD}: ${list}\r\n\r\n`, 'latin1')
      const block = Buffer.concat([part(FIELD), part(list)])
      const head = Buffer.from([0, block.length & 255, block.length >> 8, 0])
      const bytes = protocol === 'http' ? http : Buffer.concat([head, block])
      const [source, destination] = [Buffer.from([10, 0, 0, 1]), Buffer.from([10, 0, 0, 2])]
      const flow = { source, destination, sourcePort: sourcePort++, destinationPort: port, timestamps: true }
      const middle = bytes.length - Math.ceil(list.length / 2) - 4
      const [, , outcome] = await kernel.segments([
        frame(flow, { seq: 0, ack: 0, flags: SYN, payload: Buffer.alloc(0) }),
        frame(flow, { seq: 1, ack: 1, flags: ACK | PSH, payload: bytes.subarray(0, middle) }),
        frame(flow, { seq: 1 + middle, ack: 1, flags: ACK | PSH, payload: bytes.subarray(middle) }),
      ])
      if (outcome?.verdict === UNATTRIBUTED) return null
      return outcome?.verdict === CLIENT ? outcome.client : `verdict ${outcome?.verdict}`
    }

    const differences: unknown[] = []
    let looked = 0
    for (const hop of [...STRANGE, ...STRANGERS, ...PROXIES]) {
      for (const list of [hop, `9.9.9.9, ${hop}`, `${hop}, 10.0.0.1`, `${hop},10.0.0.1 ,\t${hop}`]) {
        for (const port of PORTS) {
          const hops = port.hops === 0 ? undefined : port.hops
          const { ip } = compileClient({ ranges: PRIVATE_RANGES, hops })(list)
          const expected = ip === null ? null : hexOf(ip)
          const client = await found(port, list)
          looked += 1
          if (client !== expected) differences.push({ list, port, expected, client })
        }
      }
    }
    t.same(differences.slice(0, 5), [], `${differences.length} of ${looked} differ`)
  },
)
