/** Where a request begins is known: whatever is lost, doubled, overtaken, or written into a body. */
import { setTimeout as pause } from 'node:timers/promises'
import t from 'tap'
import { BAD, Connection, connectionTests, GOOD, KINDS, request } from './bpf/connection.js'
import { ACK, PSH, parse, RST, SYN } from './bpf/frame.js'
import { BANNED, CLIENT, type Loaded, NONE, PASS, REDIRECT, UNATTRIBUTED } from './bpf/loaded.js'
import { part } from './bpf/requests.js'

/** A connection on which a request has been answered. */
async function kept(kernel: Loaded, port = 80): Promise<Connection> {
  const c = await new Connection(kernel, port).open()
  await c.send(request(GOOD))
  return c.answered()
}

/** In hex, as a segment's options. */
const sack = (from: number, to: number) =>
  [0x0101050a, from, to].map(word => (word >>> 0).toString(16).padStart(8, '0')).join('')

const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`

connectionTests({
  async 'a header is read wherever it is cut'(t, kernel) {
    const text = request(`8.8.8.8, ${BAD}:55`)
    for (const kind of KINDS) {
      for (let cut = 1; cut < text.length; cut++) {
        const c = await new Connection(kernel, 80, kind).open()
        const head = await c.send(text.slice(0, cut))
        const at = c.seq
        const rest = await c.send(text.slice(cut))
        if (head.action !== PASS || rest.verdict !== BANNED || parse(rest.bytes).seq !== at) {
          t.fail(`cut at ${cut}`, kind)
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

  async 'a later request of a kept connection is of another client'(t, kernel) {
    t.equal((await (await kept(kernel)).send(request(BAD))).verdict, BANNED)
  },

  async 'on a kept connection a header of which the first part is lost waits for it'(t, kernel) {
    const c = await kept(kernel)
    const text = request(BAD, `Cookie: ${'c'.repeat(3000)}\r\n`)
    const parts = [0, 1, 2].map(i => text.slice(i * 1400, (i + 1) * 1400))
    const [first, second, third] = parts as [string, string, string]
    t.not((await c.raw(ACK | PSH, second, c.seq + 1400)).action, PASS)
    t.not((await c.raw(ACK | PSH, third, c.seq + 2800)).action, PASS)
    t.equal((await c.send(first)).action, PASS)
    t.equal((await c.send(second)).action, PASS)
    t.equal((await c.send(third)).verdict, BANNED)
  },

  async 'a body that overtakes its header does not hide it'(t, kernel) {
    const c = await kept(kernel)
    const head = request(BAD, 'Content-Length: 2000\r\n', 'POST')
    t.not((await c.raw(ACK | PSH, 'a=b&'.repeat(350), c.seq + head.length)).action, PASS)
    t.equal((await c.send(head)).verdict, BANNED)
  },

  async 'a part that overtakes is answered with the duplicate ACK of the stack'(t, kernel) {
    for (const kind of KINDS) {
      const c = await new Connection(kernel, 80, kind).open()
      const [head, rest] = [request(BAD).slice(0, 40), request(BAD).slice(40)]
      const early = await c.raw(ACK | PSH, rest, c.seq + 40)
      t.equal(early.action, REDIRECT)
      t.match(parse(early.bytes), {
        ...{ sound: true, flags: ACK, seq: c.ack, ack: c.seq, payload: Buffer.alloc(0) },
        options:
          (kind.timestamps ? '0101080a2222222211111111' : '') + sack(c.seq + 40, c.seq + 40 + rest.length),
      })
      await c.send(head)
      t.equal((await c.send(rest)).verdict, BANNED)
    }
  },

  async 'and passes when the hole stays, where no socket knows better'(t, kernel) {
    const c = await new Connection(kernel, 80).open()
    const rest = request(BAD).slice(40)
    t.equal((await c.raw(ACK | PSH, rest, c.seq + 40)).action, REDIRECT)
    await pause(3600) // PATIENCE of xff_ban.bpf.c, on a clock that no test can set
    t.equal((await c.raw(ACK | PSH, rest, c.seq + 40)).action, PASS)
  },

  async 'a SYN that comes twice changes nothing'(t, kernel) {
    const c = await new Connection(kernel, 80).open()
    const syn = c.seq - 1
    await c.send(request(GOOD, 'Content-Length: 3000\r\n', 'POST'))
    await c.raw(SYN, '', syn)
    t.equal((await c.send('x'.repeat(1000))).action, PASS, 'in a body')
    await c.raw(SYN, '', syn)
    t.equal((await c.send('x'.repeat(2000))).action, PASS)
    c.answered()
    t.equal((await c.send(request(GOOD))).verdict, CLIENT, 'the next request of a neighbour')
    await c.raw(SYN, '', syn)
    c.answered()
    t.equal((await c.send(request(BAD))).verdict, BANNED, 'and of a banned client')
    await c.raw(SYN, '', syn)
    t.equal((await c.send('x')).action, REDIRECT, 'and after the answer')
  },

  async 'a body is no request, whatever it looks like'(t, kernel) {
    const c = await new Connection(kernel, 80).open()
    const body = request(BAD).repeat(3)
    await c.send(request(GOOD, `Content-Length: ${2 * body.length}\r\n`, 'POST'))
    t.match(await c.send(body), { action: PASS, verdict: NONE })
    c.answered(25) // 100 Continue, or an app that answers before it has read all
    t.match(await c.send(body.slice(0, 40)), { action: PASS, verdict: NONE })
    t.match(
      await c.raw(ACK | PSH, body.slice(50), c.seq + 10),
      { action: PASS, verdict: NONE },
      'with a hole in it',
    )
    c.seq = (c.seq + body.length - 40) >>> 0
    c.answered()
    t.equal((await c.send(request(BAD))).verdict, BANNED)
  },

  async 'a request behind a body in the same segment'(t, kernel) {
    const c = await new Connection(kernel, 80).open()
    await c.send(request(GOOD, 'Content-Length: 10\r\n', 'POST'))
    c.answered()
    t.equal((await c.send(`0123456789${request(BAD)}`)).verdict, BANNED)
  },

  async 'behind a request that is yet to be answered nobody is answered in its place'(t, kernel) {
    const c = await new Connection(kernel, 80).open()
    const both = await c.send(request(GOOD) + request(BAD))
    t.equal(both.verdict, BANNED)
    t.equal(parse(both.bytes).flags, RST)
    t.equal(
      (await c.raw(ACK | PSH, request(BAD), c.seq - 1)).action,
      PASS,
      'no answer waits to be sent again',
    )
  },

  async 'more than 4 GB of a body are one'(t, kernel) {
    const c = await new Connection(kernel, 80).open()
    const length = 5 * 2 ** 30 + 7
    await c.send(request(GOOD, `Content-Length: ${length}\r\n`, 'POST'))
    const piece = 2 ** 26
    for (let sent = 0; sent + piece < length; sent += piece) {
      const outcome = await c.raw(ACK | PSH, request(BAD))
      if (outcome.verdict !== NONE) t.fail(`a request after ${sent} bytes`)
      c.seq = (c.seq + piece) >>> 0
      await c.raw(ACK | PSH, 'x'.repeat(1000), c.seq - 1000)
    }
    await c.send('x'.repeat(length % piece))
    c.answered()
    t.equal((await c.send(request(BAD))).verdict, BANNED)
  },

  async 'chunks are passed over, wherever they are cut'(t, kernel) {
    const body = `${chunk('x'.repeat(20))}A;name="v"\r\n0123456789\r\n${chunk(request(BAD))}0\r\nX-Trailer: a\r\n\r\n`
    for (let cut = 0; cut <= body.length; cut++) {
      const c = await new Connection(kernel, 80).open()
      await c.send(request(GOOD, 'Transfer-Encoding: chunked\r\n', 'POST'))
      for (const piece of [body.slice(0, cut), body.slice(cut)]) {
        if (piece !== '' && (await c.send(piece)).verdict !== NONE)
          t.fail(`a request in a chunk, cut at ${cut}`)
      }
      c.answered()
      const { verdict } = await c.send(request(BAD))
      if (verdict !== BANNED) t.fail(`verdict ${verdict}, cut at ${cut}`)
    }
    t.pass(`${body.length + 1} cuts`)
  },

  async 'lengths by which somebody could hide what follows are not believed'(t, kernel) {
    const lines = [
      ...[
        'Content_Length: 1000000',
        'Content-Length : 1000000',
        'X-Content-Length: 1000000',
        'Content-Length: 1x',
      ],
      ...[
        'Content-Length: 5\r\nContent-Length: 1000000',
        'Content-Length: ',
        `Content-Length: ${'9'.repeat(30)}`,
      ],
      ...['Transfer_Encoding: chunked', 'Transfer-Encoding: chunked, identity', 'Content-Length: 1\r2000000'],
    ]
    for (const line of lines) {
      const c = await new Connection(kernel, 80).open()
      await c.send(request(GOOD, `${line}\r\n`, 'POST'))
      c.answered()
      t.equal((await c.send(request(BAD))).verdict, BANNED, line)
    }
  },

  async 'an old half header of the same ports opens no way'(t, kernel) {
    const c = await new Connection(kernel, 80).open()
    await c.send('GET / HTTP/1.1\r\nX-A: ')
    c.seq = (c.seq + 100_000) >>> 0
    await c.open()
    t.equal((await c.send(request(BAD))).verdict, BANNED)
  },

  async 'what follows a SYN with data is not held up'(t, kernel) {
    const c = new Connection(kernel, 80)
    await c.raw(SYN, 'GET / HTTP', c.seq - 1)
    c.seq += 10
    t.equal((await c.send('/1.1\r\nA: b\r\n\r\n')).action, PASS)
  },

  async 'uwsgi: the last of several, an empty one, long keys, and a body'(t, kernel) {
    const verdict = async (...variables: string[]) => {
      const c = await new Connection(kernel, 82).open()
      const { verdict } = await c.send(block(variables))
      return verdict
    }
    const own = 'REMOTE_ADDR'
    t.equal(await verdict(own, BAD), BANNED)
    t.equal(await verdict(own, GOOD, own, BAD), BANNED)
    t.equal(await verdict(own, BAD, own, ''), UNATTRIBUTED)
    t.equal(await verdict('HTTP_'.padEnd(1200, 'A'), 'x', own, BAD), BANNED)
    t.equal(await verdict(`${own}S`, BAD, '', '', 'HTTP_A', own), UNATTRIBUTED)
    const c = await new Connection(kernel, 82).open()
    const bad = block([own, BAD])
    t.equal((await c.send(block([own, GOOD, 'CONTENT_LENGTH', String(bad.length)]))).verdict, CLIENT)
    c.answered()
    t.equal((await c.send(bad)).verdict, NONE)
    t.equal((await c.answered().send(bad)).verdict, BANNED)
  },
})

/** The variables of a request as the uwsgi protocol has them: names and values in turn. */
function block(variables: readonly string[]): string {
  const parts = Buffer.concat(variables.map(part)).toString('latin1')
  return String.fromCharCode(0, parts.length & 255, parts.length >> 8, 0) + parts
}

t.jobs = 1
