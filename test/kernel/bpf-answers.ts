/** What the banned get: a whole answer, and whatever else the front end may send is acknowledged to its end. */
import t, { type Test } from 'tap'
import { MAX_ANSWER_TEXT, textValue } from '../../lib/xff-ban/backend/bpf/answer-text.js'
import { BAD, Connection, connectionTests, GOOD, KINDS, request } from './bpf/connection.js'
import { ACK, FIN, PSH, parse, RST } from './bpf/frame.js'
import { BANNED, CLIENT, DROP, PASS, REDIRECT } from './bpf/loaded.js'

connectionTests({
  async 'the front end is played to its end'(t, kernel) {
    for (const kind of KINDS) {
      for (const [port, status] of [
        [80, '403 Forbidden'],
        [81, '429 Too Many Requests'],
      ] as const) {
        await playToTheEnd(t, await new Connection(kernel, port, kind).open(), status)
      }
    }
  },

  async 'an answer is for no cache, and says when to come again'(t, kernel) {
    const seconds = 1000n
    const now = BigInt(Math.round(Number(process.hrtime.bigint()) / 1e9)) * 1_000_000_000n
    await kernel.ban(1, '203.0.113.99', now + seconds * 1_000_000_000n)
    const answer = async (port: number) => {
      const c = await new Connection(kernel, port).open()
      await c.send(request('203.0.113.99'))
      return parse((await c.raw(ACK | PSH, request('203.0.113.99'), c.seq - 1)).bytes).payload.toString()
    }
    t.match(await answer(80), /^Cache-Control: no-store\r$/m)
    t.notMatch(await answer(80), /Retry-After/)
    const limited = await answer(81)
    t.match(limited, /^Cache-Control: no-store\r$/m)
    const told = Number(/^Retry-After: +(\d+)\r$/m.exec(limited)?.[1])
    t.ok(told > 500 && told <= 1001, `${told} of 1000 seconds`)
  },

  async 'a text of their own'(t, kernel) {
    for (const [length, kind] of [1, 2, 3, 500, MAX_ANSWER_TEXT].flatMap(length =>
      KINDS.map(kind => [length, kind] as const),
    )) {
      await kernel.text(1, textValue('429', Buffer.alloc(length, 'x')))
      const c = await new Connection(kernel, 81, kind).open()
      await c.send(request(BAD))
      const again = parse((await c.raw(ACK | PSH, request(BAD), c.seq - 1)).bytes)
      t.ok(again.sound, `${length} bytes`)
      const [head = '', body] = again.payload.toString().split('\r\n\r\n')
      t.equal(body, 'x'.repeat(length))
      t.match(head, new RegExp(`^HTTP/1.1 429 .*\\r\\nContent-Length: ${length}\\r?$`, 'ms'))
      t.match(head, /^Retry-After: +\d+\r$/m)
    }
  },
})

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
    ...{ macSource: '000000000000', source: c.flow.destination.toString('hex') },
    // far later than what the stack may have said since the front end last heard of it: else PAWS discards it
    options: c.flow.timestamps ? '0101080a6222222211111111' : '',
  })
  const [head = '', body] = answer.payload.toString().split('\r\n\r\n')
  t.ok(head.startsWith(`HTTP/1.1 ${status}\r\n`))
  t.equal(Number(/Content-Length: (\d+)/.exec(head)?.[1]), body?.length)
  // more of a body is acknowledged
  c.answered(answer.payload.length + 1)
  const tail = await c.send('x'.repeat(1000))
  t.equal(tail.action, REDIRECT)
  t.match(parse(tail.bytes), { sound: true, flags: ACK, seq: c.ack, ack: c.seq, payload: Buffer.alloc(0) })
  t.equal((await c.raw(ACK, '')).action, DROP)
  const fin = await c.raw(ACK | FIN, '')
  t.same([fin.action, parse(fin.bytes).ack], [REDIRECT, (c.seq + 1) >>> 0])
  t.equal((await c.raw(RST, '')).action, PASS)
  // the front end's port is used again
  c.seq = (c.seq + 1_000_000) >>> 0
  await c.open()
  t.equal((await c.raw(ACK, '')).action, PASS, 'the handshake')
  t.equal((await c.send(request(GOOD))).verdict, CLIENT)
}

t.jobs = 1
