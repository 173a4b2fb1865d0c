import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import fc from 'fast-check'
import t from 'tap'
import { encode } from '../../lib/jsonl.js'
import { compileClient, PRIVATE_RANGES } from '../../lib/uwsgi-parse/client.js'
import { DEFAULT_FORMAT } from '../../lib/uwsgi-parse/format.js'
import { uwsgiParse } from '../../lib/uwsgi-parse/stage.js'
import { compileZone } from '../../lib/uwsgi-parse/time.js'
import { FIXTURES } from '../support/commands.js'
import { seeded } from '../support/seeded.js'

/** What uwsgi-parse writes for an input that comes in these chunks. */
async function parsed(chunks: readonly Buffer[]): Promise<string> {
  const client = compileClient({ ranges: PRIVATE_RANGES })
  const { stages, tally } = uwsgiParse(
    {
      wanted: () => true,
      attribution: { client, counted: false },
      zone: compileZone('Europe/Berlin'),
      format: DEFAULT_FORMAT,
      say: () => {},
      report: () => {},
    },
    ({ record }) => record,
  )
  const written: Buffer[] = []
  await pipeline([
    Readable.from(chunks, { objectMode: false }),
    ...stages,
    encode(),
    async (blocks: AsyncIterable<Buffer>) => {
      for await (const block of blocks) written.push(block)
    },
  ] as unknown as [Readable, NodeJS.WritableStream])
  return Buffer.concat(written).toString() + JSON.stringify({ ...tally, ours: [...tally.ours] })
}

const fixture = (name: string) => readFileSync(join(FIXTURES, 'uwsgi-parse', name, 'in'))

t.test('a cut at any byte changes not one byte', async t => {
  for (const name of [
    'a-full-line-glued-to-the-next',
    'users-nobody-has-verified',
    'summer-time-years-and-no-such-date',
  ]) {
    const input = fixture(name)
    const whole = await parsed([input])
    for (let cut = 1; cut < input.length; cut++) {
      const cuts = await parsed([input.subarray(0, cut), input.subarray(cut)])
      if (cuts !== whole) t.equal(cuts, whole, `${name} cut at ${cut}`)
    }
    t.equal(await parsed([...input].map(byte => Buffer.from([byte]))), whole, `${name} byte by byte`)
  }
})

t.test('nor do random chunks', async t => {
  const input = Buffer.concat([fixture('hostile-headers'), fixture('odd-uris-methods-and-protocols')])
  const whole = await parsed([input])
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(input.length), { maxLength: 20 }), async cuts => {
      const marks = [0, ...cuts.sort((a, b) => a - b), input.length]
      const chunks = marks.slice(1).map((mark, i) => input.subarray(marks[i], mark))
      return (await parsed(chunks)) === whole
    }),
    seeded(t, 50),
  )
})

t.test('lines that are no request are handed over', async t => {
  const kept: string[] = []
  const { stages } = uwsgiParse(
    {
      wanted: () => true,
      attribution: { client: compileClient({ ranges: PRIVATE_RANGES }), counted: false },
      zone: compileZone('UTC'),
      format: DEFAULT_FORMAT,
      unparsed: line => kept.push(line),
      say: () => {},
      report: () => {},
    },
    () => undefined,
  )
  await pipeline([
    Readable.from([Buffer.from('one\ntwo')]),
    ...stages,
    async (all: AsyncIterable<unknown>) => {
      for await (const _ of all) t.fail('no record')
    },
  ] as unknown as [Readable, NodeJS.WritableStream])
  t.same(kept, ['one', 'two'])
})
