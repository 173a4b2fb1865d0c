/** The module finds the client of an address slot as client.ts does, which is the definition. */
import fc from 'fast-check'
import t from 'tap'
import { PRIVATE_RANGES } from '../../lib/net/private.js'
import { compileClient, type Trust } from '../../lib/uwsgi-parse/client.js'
import { compileLayout, type FastLayout } from '../../lib/uwsgi-parse/fast-layout.js'
import { compileFastPath } from '../../lib/uwsgi-parse/fast-path.js'
import { OWN_FORMAT } from '../../lib/uwsgi-parse/layout/log-format.js'
import { uwsgiParse } from '../../lib/uwsgi-parse/stage.js'
import { logClock } from '../../lib/uwsgi-parse/time/log-clock.js'
import { compileZone } from '../../lib/uwsgi-parse/time/zone.js'
import { collect } from '../support/collect.js'
import { seeded } from '../support/seeded.js'

const NAMED = [
  '10.0.0.0/8',
  '203.0.113.0/24',
  '2001:db8::/33',
  '::ffff:198.51.100.0/120',
  '::/3',
  '0.0.0.0/1',
]

const trusts = fc.oneof(
  fc.constant<Trust>({ ranges: PRIVATE_RANGES }),
  fc.subarray(NAMED, { minLength: 1 }).map((ranges): Trust => ({ ranges })),
  fc.integer({ min: 1, max: 4 }).map((hops): Trust => ({ ranges: PRIVATE_RANGES, hops })),
)

const hop = fc.oneof(
  fc.ipV4(),
  fc.ipV6(),
  fc.ipV6().map(ip => ip.toUpperCase()),
  fc
    .tuple(fc.constantFrom('10.0.0', '203.0.113', '198.51.100', '192.168.1', '127.0.0'), fc.nat(255))
    .map(parts => parts.join('.')),
  fc.constantFrom(
    '2001:db8::1',
    '2001:db8:8000::1',
    '::1',
    '::',
    '0.0.0.0',
    '::ffff:1.2.3.4',
    '::ffff:102:304',
    'fd00::7',
    'fe80::1',
  ),
  fc.constantFrom(
    '1.2.3.4:567',
    '[2001:db8::1]:443',
    '1.2.3',
    '1.2.3.04',
    '1.2.3.256',
    '1::2::3',
    ':1',
    '1:2:3:4:5:6:7::',
    '',
    'a',
  ),
)
const slot = fc
  .array(fc.tuple(fc.constantFrom('', '', ' ', '  '), hop, fc.constantFrom('', '', ' ')), {
    minLength: 1,
    maxLength: 5,
  })
  .map(hops => hops.map(parts => parts.join('')).join(','))

const lineOf = (slot: string, status: number) =>
  `[pid: 7|app: 0|req: 1/1] ${slot} () {24 vars in 250 bytes} [Sun Nov 22 14:06:08 2026] GET /x => generated 3 bytes ` +
  `in 0 msecs (HTTP/1.0 ${status}) 2 headers in 71 bytes (1 switches on core 0)\n`

/** What becomes of a log. */
async function parsed(log: string, trust: Trust, thorough: boolean): Promise<string> {
  const { stages, tally } = uwsgiParse({
    wanted: status => status >= 400,
    attribution: { client: compileClient(trust), counted: trust.hops !== undefined },
    ...{ zone: compileZone('UTC'), format: OWN_FORMAT, tallyMs: 10_000, thorough },
    warn() {},
    onBadLine() {},
  })
  const { privateClients, proxies, ...counts } = tally
  const written = Buffer.concat(await collect(stages, [Buffer.from(log)])).toString()
  return (
    written + JSON.stringify([...privateClients]) + JSON.stringify(tally.wanted) + Object.keys(counts).length
  )
}

t.test('records and tallies are the same for any slot and any trust', async t => {
  await fc.assert(
    fc.asyncProperty(trusts, fc.array(slot, { minLength: 1, maxLength: 300 }), async (trust, slots) => {
      const log = slots.map((one, i) => lineOf(one, i % 3 === 0 ? 200 : 404)).join('')
      return (await parsed(log, trust, false)) === (await parsed(log, trust, true))
    }),
    seeded(t, 150),
  )
})

t.test('what is nearly an IPv4 address is none', async t => {
  const numbers = [
    '0',
    '1',
    '9',
    '10',
    '99',
    '100',
    '199',
    '255',
    '203',
    '127',
    '172',
    '010',
    '00',
    '01',
    '001',
  ]
  const others = ['256', '260', '300', '999', '1000', '', 'a', '1a', ':', '1.2', '1.2.3', ' ', '1 ']
  const addresses = [
    '1.22.203.4',
    '10.0.0.1',
    '172.16.200.255',
    '203.0.113.0',
    '255.255.255.255',
    '0.0.0.0',
    '0.0.0.1',
  ]
  const slots = addresses.flatMap(address => {
    const parts = address.split('.')
    const changed = parts.flatMap((_, i) =>
      [...numbers, ...others].map(part => [...parts.slice(0, i), part, ...parts.slice(i + 1)]),
    )
    return [parts, ...changed, ...parts.map((_, i) => parts.filter((_, j) => j !== i))].map(some =>
      some.join('.'),
    )
  })
  for (const trust of [{ ranges: PRIVATE_RANGES }, { ranges: NAMED }, { ranges: PRIVATE_RANGES, hops: 1 }]) {
    const log = slots.map(one => lineOf(one, 404)).join('')
    t.equal(await parsed(log, trust, false), await parsed(log, trust, true))
  }
})

t.test('an ordinary list asks nobody', async t => {
  const client = compileClient({ ranges: PRIVATE_RANGES })
  const asked: string[] = []
  const spy = Object.assign(
    (text: string) => {
      asked.push(text)
      return client(text)
    },
    { trust: { ranges: PRIVATE_RANGES } },
  )
  const path = compileFastPath({
    ...{ warn: t.fail, wanted: () => true, client: spy, clock: logClock(compileZone('UTC')) },
    parseFully(text) {
      t.fail(text)
      return { written: '', isRequest: false }
    },
    layout: compileLayout(OWN_FORMAT) as FastLayout,
    countRecord: () => false,
    countPrivate() {},
  })
  const slots = [
    '203.0.113.7',
    '8.8.8.8, 203.0.113.7, 10.0.0.1',
    '2001:DB8::7',
    '10.0.0.1',
    '1.2.3.4,fd00::1',
  ]
  path?.read(Buffer.from(slots.map(one => lineOf(one, 404)).join('')), false)
  t.same(asked, [])
  const ips = path
    ?.take()
    ?.toString()
    .match(/(?<="ip":")[^"]+/g)
  t.same(ips, ['203.0.113.7', '203.0.113.7', '2001:db8::7', '10.0.0.1', '1.2.3.4'])
})
