import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import t from 'tap'
import { parseInstant } from '../../lib/wire/instant.js'
import { encodeLine, parseLine } from '../../lib/wire/jsonl.js'
import { readRecord } from '../../lib/wire/read-record.js'
import type { AnyRecord } from '../../lib/wire/record.js'
import { recordSchema } from '../../lib/wire/schema.js'
import { seeded } from '../support/seeded.js'

const TIME = '2026-11-22T14:06:08.000Z'

t.test('an instant needs a date that exists, and a zone', async t => {
  for (const text of [TIME, '2026-11-22T14:06:08Z', '2026-11-22T15:06:08+01:00']) {
    t.equal(parseInstant(text), Date.UTC(2026, 10, 22, 14, 6, 8), text)
  }
  t.equal(parseInstant('2024-02-29T00:00:00Z'), Date.UTC(2024, 1, 29))
  for (const text of [
    '2026-11-22',
    '2026-11-22T14:06:08',
    '2026-02-29T00:00:00Z',
    '1969-12-31T23:59:59Z',
    'now',
  ]) {
    t.ok(Number.isNaN(parseInstant(text)), text)
  }
})

t.test('instants in one minute are read one by one, good and bad', async t => {
  const instant = fc.tuple(
    fc.constantFrom('2026-11-22T14:06:', '2026-11-22T14:07:', '2026-02-29T14:06:', '2026-11-22T25:06:'),
    fc.constantFrom('00', '08', '59', '60', '99'),
    fc.constantFrom('.000Z', '.123Z', '.1234Z', 'Z', '.123+01:00', '.12xZ', ''),
  )
  fc.assert(
    fc.property(fc.array(instant, { maxLength: 30 }), instants =>
      instants.every(([minute, second, rest]) => {
        const text = minute + second + rest
        const isOne = !/^2026-02|T25|60|99/.test(minute + second) && !/x|^$/.test(rest)
        return Object.is(parseInstant(text), isOne ? Date.parse(text) : Number.NaN)
      }),
    ),
    seeded(t, 1000),
  )
})

t.test('the JSON Schema says what the reader says', async t => {
  const ajv = new Ajv2020({ strict: false })
  const { isIP } = await import('node:net')
  ajv.addFormat('ipv4', text => isIP(text) === 4)
  ajv.addFormat('ipv6', text => isIP(text) === 6)
  const conforms = ajv.compile(recordSchema())
  t.same(JSON.parse(readFileSync('dist/record.schema.json', 'utf8')), recordSchema(), 'as it is published')
  const value = fc.oneof(
    fc.constantFrom(
      null,
      TIME,
      '1.2.3.4',
      '2001:db8::/64',
      '::ffff:1.2.3.4',
      '',
      0,
      404,
      -1,
      0.5,
      1e300,
      true,
      [],
    ),
    fc.record({ status: fc.constantFrom(404, '404', -1) }, { requiredKeys: [] }),
    fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.nat())),
  )
  const names = [
    'time',
    'ip',
    'status',
    'method',
    'bytes',
    'since',
    'last',
    'until',
    'count',
    'hits',
    'reason',
    'rule',
    'lasts',
    'by',
    'note',
    'vars',
  ]
  const record = fc.record(
    {
      type: fc.constantFrom(
        'request',
        'ban',
        'unban',
        'hit',
        'allow',
        'disallow',
        'refused',
        'unchanged',
        'cat',
        7,
      ),
      ...Object.fromEntries(names.map(name => [name, value])),
      time: fc.oneof({ weight: 3, arbitrary: fc.constant(TIME) }, value),
      ip: fc.oneof({ weight: 3, arbitrary: fc.constant('203.0.113.7') }, value),
    },
    { requiredKeys: ['type'] },
  )
  let valid = 0
  fc.assert(
    fc.property(record, given => {
      const read = typeof readRecord(given) !== 'string'
      if (read) valid += 1
      return conforms(given) === read
    }),
    seeded(t, 10_000),
  )
  t.ok(valid > 100, `${valid} of them were records`)
})

t.test('what is written can be read, within the bound', async t => {
  const request: AnyRecord = {
    type: 'request',
    time: TIME,
    ip: null,
    status: 404,
    method: '\u0001'.repeat(30_000),
    uri: '€'.repeat(30_000),
    via: '\ud800',
  }
  const line = encodeLine(request)
  t.ok(Buffer.byteLength(line) <= 65_536)
  const read = parseLine(line.trimEnd(), ['request'])
  t.match(read, { type: 'request', status: 404, uri: /^€+$/, via: '\ufffd' })
})
