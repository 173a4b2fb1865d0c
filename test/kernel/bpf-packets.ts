/** Which packets are read, and of those that are not none is answered. */
import t from 'tap'
import { BAD, Connection, connectionTests, GOOD, type Kind, request } from './bpf/connection.js'
import { ACK, FIN, PSH, parse, RST } from './bpf/frame.js'
import { BANNED, CLIENT, NONE, PASS, REDIRECT } from './bpf/loaded.js'

/** IPv4: four NOPs; record route. IPv6: padding, a jumbo length. */
const NOPS = Buffer.from('01010101', 'hex')
const ROUTE = Buffer.from('0707040000000001', 'hex')
const PADDING = Buffer.from('0000010400000000', 'hex')
const LONG = Buffer.from(`0003${'1e1c'}${'00'.repeat(28)}`, 'hex')
const jumbo = (length: number) => {
  const header = Buffer.from('0000c20400000000', 'hex')
  header.writeUInt32BE(length, 4)
  return header
}

const DRESSED: Readonly<Record<string, Kind>> = {
  'IPv4 options that mean nothing': { options: NOPS },
  'IPv4 record route': { options: ROUTE },
  'IPv4 options, no timestamps': { options: NOPS, timestamps: false },
  'IPv6 hop-by-hop options': { six: true, options: PADDING, extension: 0 },
  'IPv6 destination options': { six: true, options: PADDING, extension: 60 },
  'long IPv6 destination options': { six: true, options: LONG, extension: 60 },
  'a VLAN tag': { vlan: 7 },
  'a VLAN tag, IPv6': { six: true, vlan: 7 },
}

connectionTests({
  async 'whatever stands around it, a request is read and answered'(t, kernel) {
    for (const [name, kind] of Object.entries(DRESSED)) {
      const c = await new Connection(kernel, 80, kind).open()
      const hit = await c.send(request(BAD))
      t.equal(hit.verdict, BANNED, name)
      t.match(parse(hit.bytes), { sound: true, flags: RST })
      const again = await c.raw(ACK | PSH, request(BAD), c.seq - 1)
      t.equal(again.action, REDIRECT)
      t.match(parse(again.bytes), { sound: true, flags: ACK | PSH | FIN, sourcePort: 80 })
    }
  },

  async 'BIG TCP over IPv6: longer than its length field can say'(t, kernel) {
    // a test run takes no more than a page, so the length is told in that way although it need not be
    const c = await new Connection(kernel, 80, { six: true, options: jumbo(300), extension: 0 }).open()
    const hit = await c.send(request(BAD))
    t.equal(hit.verdict, BANNED)
    t.match(parse(hit.bytes), { sound: true, flags: RST })
  },

  async 'frames for others, broken ones, and those of no connection pass without an answer'(t, kernel) {
    const passes = async (what: string, c: Connection, bytes: Buffer) => {
      const [outcome] = await kernel.segments([bytes])
      t.match(outcome, { action: PASS, verdict: NONE, bytes }, what)
      return c
    }
    const fresh = (kind: Kind = {}) => new Connection(kernel, 80, kind).open()
    for (const mac of ['020202020202', '01005e000001', 'ffffffffffff']) {
      const c = await fresh({ mac })
      await passes(`to ${mac}`, c, c.frame(ACK | PSH, request(BAD)))
    }
    for (const flags of [0, FIN, PSH, FIN | PSH]) {
      const c = await fresh()
      await passes(`flags ${flags}`, c, c.frame(flags, request(BAD)))
      t.equal((await c.send(request(BAD))).verdict, BANNED, 'and what follows is read')
    }
    for (const kind of [{}, { six: true }]) {
      const c = await fresh(kind)
      const broken = c.frame(ACK | PSH, request(GOOD).replace('Host', 'Most'))
      broken[broken.length - 30] = 0x7e
      await passes('a wrong checksum', c, broken)
      t.equal((await c.send(request(BAD))).verdict, BANNED, 'it was as if it never came')
    }
    const stranger = new Connection(kernel, 80)
    await passes('no SYN before', stranger, stranger.frame(ACK | PSH, request(BAD)))
  },

  async 'an expired ban inside a live one, and the other way round'(t, kernel) {
    const verdict = async (client: string) =>
      (await (await new Connection(kernel, 80).open()).send(request(client))).verdict
    await kernel.ban(1, '198.51.100.9', 1n)
    await kernel.ban(1, '198.51.100.8/31', 1n)
    await kernel.ban(1, '198.51.0.0/16')
    await kernel.ban(1, '198.0.0.0/8', 1n)
    t.equal(await verdict('198.51.100.9'), BANNED)
    t.equal(await verdict('198.51.7.7'), BANNED)
    t.equal(await verdict('198.7.7.7'), CLIENT)
    const { hits, last } = await kernel.hits(1, '198.51.0.0/16')
    t.equal(hits, 2n, 'hits are counted')
    t.ok(last > 0n)
    await kernel.ban(1, '2000::/4')
    for (let bits = 5; bits <= 128; bits++) await kernel.ban(1, `2001:db8::1/${bits}`, 1n).catch(() => {})
    for (let bits = 9; bits <= 31; bits++) await kernel.ban(1, prefixOf(bits), 1n)
    await kernel.ban(1, '1.0.0.0/8')
    t.equal(await verdict('1.2.3.4'), BANNED, 'inside twenty-three that are over')
  },

  async 'jails are apart, and so is trust'(t, kernel) {
    t.equal((await (await new Connection(kernel, 83).open()).send(request(BAD))).verdict, CLIENT)
  },

  async 'a header section is 64 KB long at the most'(t, kernel) {
    const verdict = async (length: number) => {
      const c = await new Connection(kernel, 80).open()
      const filler = ','.repeat(length - request(BAD, 'X-Forwarded-For: \r\n').length)
      const text = request(BAD, `X-Forwarded-For: ${filler}\r\n`).replace(/, 10.0.0.1/, '')
      let last = NONE as number
      for (let at = 0; at < text.length; at += 3000) last = (await c.send(text.slice(at, at + 3000))).verdict
      return last
    }
    t.not(await verdict(60_000), NONE, 'read')
    t.equal(await verdict(70_000), NONE, 'foreign')
  },
})

/** A prefix of 1.2.3.4. */
function prefixOf(bits: number): string {
  const address = (0x01020304 & (0xffffffff << (32 - bits))) >>> 0
  return `${[24, 16, 8, 0].map(shift => (address >>> shift) & 255).join('.')}/${bits}`
}

t.jobs = 1
