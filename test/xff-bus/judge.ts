/** What is made of batches that anybody may have written who has a key. */
import { deflateRawSync } from 'node:zlib'
import t from 'tap'
import type { Stored } from '../../lib/xff-bus/broker.js'
import { DECISIONS, readDecision } from '../../lib/xff-bus/decision.js'
import { createJudge } from '../../lib/xff-bus/judge.js'
import { pack, unpack } from '../../lib/xff-bus/pack.js'
import { readRequests } from '../../lib/xff-bus/read.js'
import { madeUpBroker } from '../support/broker.js'
import { requestLine } from '../support/requests.js'

const AT = Date.parse('2026-11-22T14:00:00Z')

t.test('a record counts within the bounds, to the millisecond, whatever form its time has', async t => {
  const { judge, tally } = createJudge({ late: 600_000, ahead: 30_000 })
  const counts = (line: string) => judge(Buffer.from(line), AT).length > 0
  t.ok(counts(requestLine({ time: AT - 600_000 })))
  t.notOk(counts(requestLine({ time: AT - 600_001 })))
  t.ok(counts(requestLine({ time: AT + 30_000 })))
  t.notOk(counts(requestLine({ time: AT + 30_001 })))
  t.ok(counts('{"ip":"203.0.113.7","type":"request","time":"2026-11-22T15:00:00+01:00"}\n'))
  t.notOk(counts('{"type":"request","time":"2026-11-22T14:00:00.0x0Z","ip":null}\n'))
  t.notOk(counts('{"type":"request","time":null,"ip":null}\n'))
  t.notOk(counts('{"type":"request",'))
  t.same(tally, { records: 3, late: 1, ahead: 1, timeless: 3 })
})

t.test('of a batch with good and bad records the good ones are left, in order', async t => {
  const { judge } = createJudge({ late: 1_000, ahead: 1_000 })
  const lines = [0, -5_000, 1, 2, 5_000, 3].map((ms, i) => requestLine({ time: AT + ms, uri: `/${i}` }))
  t.equal(String(judge(Buffer.from(lines.join('')), AT)), [lines[0], lines[2], lines[3], lines[5]].join(''))
  const good = Buffer.from(lines[0] ?? '')
  t.equal(judge(good, AT), good, 'nothing is copied where all are good')
})

t.test('what is packed is unpacked, small or large', async t => {
  for (const size of [0, 10, 100_000]) {
    const lines = Buffer.from('x'.repeat(size))
    const batch = pack(lines, [['Xff-Place', '1 a']])
    t.ok(unpack(batch).equals(lines), `${size} bytes`)
    t.equal(batch.headers.get('Xff-Place'), '1 a')
  }
})

t.test('a bomb, a batch that is no batch and one in another encoding are one event each', async t => {
  const made = madeUpBroker()
  const add = (payload: Buffer, encoding?: string) => {
    const headers = new Map(encoding === undefined ? [] : [['Content-Encoding', encoding]])
    const batch: Stored = { seq: made.logs.requests.length + 1, from: 'web1', at: AT, headers, payload }
    made.logs.requests.push(batch)
  }
  add(deflateRawSync(Buffer.alloc(100_000_000)), 'deflate')
  add(Buffer.from('not deflated'), 'deflate')
  add(Buffer.from('x'), 'br')
  add(Buffer.alloc(300_000))
  add(Buffer.from(requestLine({ time: AT }).trimEnd()))
  const warnings: string[] = []
  const { input, tally } = readRequests({
    broker: made.broker,
    since: 0,
    isToEnd: true,
    bounds: { late: 1, ahead: 1 },
    namesHosts: false,
    now: () => AT,
    warn: text => warnings.push(text),
    signal: new AbortController().signal,
  })
  let read = ''
  for await (const chunk of input) read += chunk
  t.equal(read, requestLine({ time: AT }))
  t.match(tally, { batches: 5, bad: 4 })
  t.match(warnings, [/^web1: a batch that cannot be read: /])
})

t.test('people decide by every record that a jail takes from them', async t => {
  t.same([...DECISIONS].sort(), ['allow', 'ban', 'disallow', 'unban'])
  const { key, line } = Object(readDecision('{"type":"unban","ip":"203.0.113.7"}', 'ops', AT))
  t.equal(key, 'unban 203.0.113.7 2026-11-22T14:00:00.000Z')
  t.equal(String(line), '{"type":"unban","time":"2026-11-22T14:00:00.000Z","ip":"203.0.113.7","by":"ops"}\n')
  t.equal(
    readDecision(
      '{"type":"held","ip":"203.0.113.7","reason":"x","falls":"2026-11-22T14:00:00.000Z"}',
      'ops',
      AT,
    ),
    undefined,
  )
  t.equal(readDecision('{"type":"unban","ip":"203.0.113.7","reason":"evicted"}', 'ops', AT), undefined)
  t.match(readDecision('{"type":"release","ip":"203.0.113.7"}', 'ops', AT), /^not a ban or /)
})
