import { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import t from 'tap'
import type { BadLine } from '../../lib/wire/bad-line.js'
import { decode, decodeBatches, encode } from '../../lib/wire/jsonl.js'
import type { AnyRecord } from '../../lib/wire/record.js'
import { collect } from '../support/collect.js'
import { takenByStalled } from '../support/stall.js'

const ban = (n: number) => `{"type":"ban","ip":"203.0.113.${n}"}`

/** What `decode` makes of an input that comes in these chunks. */
async function decoded(chunks: readonly Buffer[]): Promise<{ ips: string[]; badLines: BadLine[] }> {
  const badLines: BadLine[] = []
  const stages = decode(['ban'], badLine => badLines.push(badLine))
  const records = await collect<AnyRecord>(stages, chunks)
  return { ips: records.map(record => String('ip' in record && record.ip)), badLines }
}

t.test('however the bytes are cut, the records are the same', async t => {
  const input = Buffer.concat([
    Buffer.from(`${ban(1)}\n\n${ban(2)}\r\n{"type":"ban","ip":"203.0.113.3","x":"€𝄞`),
    Buffer.from([0xe2, 0x82, 0x0a]),
    Buffer.from(`${ban(4)}\n\ufffd\n${ban(5)}`),
  ])
  const whole = await decoded([input])
  t.same(whole.ips, ['203.0.113.1', '203.0.113.2', '203.0.113.4', '203.0.113.5'])
  t.match(whole.badLines, [
    { line: 4, kind: 'not UTF-8' },
    { line: 6, kind: 'not JSON', text: '\ufffd' },
  ])
  for (let cut = 1; cut < input.length; cut++) {
    t.same(await decoded([input.subarray(0, cut), input.subarray(cut)]), whole, `cut at ${cut}`)
  }
  t.same(await decoded([...input].map(byte => Buffer.from([byte]))), whole, 'byte by byte')
})

t.test('records in batches are the same, in the same order, however many', async t => {
  const lines = Array.from({ length: 1000 }, (_, i) => (i % 7 === 0 ? `nonsense ${i}` : ban(i % 250)))
  const input = Buffer.from(lines.join('\n'))
  const one = await decoded([input])
  const badLines: BadLine[] = []
  const stages = decodeBatches(['ban'], badLine => badLines.push(badLine))
  const batches = await collect<readonly AnyRecord[]>(stages, [input.subarray(0, 9999), input.subarray(9999)])
  t.same(
    batches.flat().map(record => String('ip' in record && record.ip)),
    one.ips,
  )
  t.same(badLines, one.badLines)
  t.ok(batches.length > 5 && batches.length < 20, `${batches.length} batches`)
})

t.test('a line without an end is not held, and loses nothing behind it', async t => {
  function* endless() {
    yield Buffer.from(`${ban(1)}\n`)
    for (let i = 0; i < 200; i++) yield Buffer.alloc(65_536, 'x')
    yield Buffer.from(`\n${ban(2)}\n`)
  }
  const { ips, badLines } = await decoded([...endless()])
  t.same(ips, ['203.0.113.1', '203.0.113.2'])
  t.match(badLines, [{ line: 2, kind: /^longer than/ }])
  t.ok((badLines[0] as BadLine).text.length < 300_000)
})

t.test('a record is written at once when the input pauses, many in one block', async t => {
  const stage = encode()
  stage.write({ type: 'ban', ip: '203.0.113.1' })
  stage.write({ type: 'ban', ip: '203.0.113.2' })
  const [chunk] = await new Promise<Buffer[]>(resolve => stage.once('data', (...data) => resolve(data)))
  t.equal(String(chunk), `${ban(1)}\n${ban(2)}\n`)
  const rest: Buffer[] = []
  stage.on('data', data => rest.push(data))
  for (let i = 0; i < 5000; i++) stage.write({ type: 'ban', ip: '203.0.113.1' })
  stage.end()
  await new Promise(resolve => stage.once('end', resolve))
  t.equal(Buffer.concat(rest).toString().split('\n').length, 5001)
  t.ok(rest.length < 20, `${rest.length} blocks`)
})

t.test('a reader that takes one block at a time is handed few, and all', async t => {
  const blocks: string[] = []
  const reader = new Writable({
    write(block, _encoding, done) {
      blocks.push(String(block))
      setImmediate(done)
    },
  })
  const records = Array.from({ length: 5000 }, (_, i) => ({ type: 'ban', ip: `203.0.113.${i % 250}` }))
  await pipeline(Readable.from(records), encode(), reader)
  t.equal(blocks.join(''), records.map(record => `${JSON.stringify(record)}\n`).join(''))
  t.ok(blocks.length < 1000, `${blocks.length} blocks`)
})

t.test('a reader that stalls stalls the records', async t => {
  const record: AnyRecord = { type: 'ban', ip: '203.0.113.1', last: { uri: '/'.repeat(1000) } }
  const taken = await takenByStalled(record, 5000, [encode()])
  t.ok(taken < 1000, `${taken} of 5000`)
})
