/** The window in the module decides, forgets and evicts as window.ts does, which is its definition. */
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { canonical } from '../../lib/net/address.js'
import { openFastWindow } from '../../lib/xff-window/fast-window.js'
import { compileKey } from '../../lib/xff-window/key.js'
import { xffWindow } from '../../lib/xff-window/stage.js'
import { createWindow, type Limits } from '../../lib/xff-window/window.js'
import { collect } from '../support/collect.js'
import { seeded } from '../support/seeded.js'

const ADDRESSES = [
  ...['203.0.113.7', '203.0.113.8', '1.2.3.4', '0.0.0.0', '255.255.255.255', '::1', '::', '::ffff:1.2.3.4'],
  ...['2001:db8::1', '2001:db8::2', '2001:db8:0:1::1', '2001:DB8::1', '::1.2.3.4', 'fe80::1%eth0'],
]

/** Failures near the limit: bursts, ties, pauses, several clocks, more keys than there is room for. */
const traces = fc.record({
  limits: fc.record({
    max: fc.integer({ min: 1, max: 6 }),
    find: fc.nat(30_000),
    late: fc.nat(5000),
    keys: fc.integer({ min: 1, max: 20 }),
  }),
  ipv6Prefix: fc.constantFrom(128, 64, 33, 48, 100),
  steps: fc.array(
    fc.tuple(
      fc.oneof(fc.constantFrom(...ADDRESSES), fc.ipV4(), fc.ipV6()),
      fc.oneof(
        { weight: 30, arbitrary: fc.integer({ min: -8000, max: 8000 }) },
        { weight: 1, arbitrary: fc.constantFrom(-1e9, 1e9, -100_000, 100_000) },
      ),
    ),
    { maxLength: 200 },
  ),
})

t.test('verdicts, keys, evictions and late failures are those of window.ts', async t => {
  fc.assert(
    fc.property(traces, ({ limits, ipv6Prefix, steps }): boolean => {
      const keyOf = compileKey(ipv6Prefix)
      const { window: fast } = open({ limits, ipv6Prefix })
      const window = createWindow(limits)
      let now = Date.parse('2026-11-22T14:00:00Z')
      for (const [ip, step] of steps) {
        now += step
        const verdict = window.observe(keyOf(ip), now)
        const since = fast.count(ip, now)
        const said = Number.isNaN(since) ? 'counted' : { since, failures: limits.max }
        const counts = [window.size(), window.evicted(), window.late()]
        if (!isDeepStrictEqual(said, verdict)) return false
        if (!isDeepStrictEqual([fast.size(), fast.evicted(), fast.late()], counts)) return false
      }
      return true
    }),
    seeded(t, 500),
  )
})

t.test('of a hundred thousand keys none is lost or mistaken for another', async t => {
  const limits = { max: 3, find: 1e9, late: 0, keys: 70_000 }
  const { window: fast } = open({ limits, ipv6Prefix: 128 })
  const window = createWindow(limits)
  const wrong: number[] = []
  for (let i = 0; i < 250_000; i++) {
    const client = (Math.imul(i, 0x9e3779b1) >>> 0) % 100_000
    const ip =
      client % 3 > 0
        ? `20.${client >> 16}.${(client >> 8) & 255}.${client & 255}`
        : `2001:db8::${(client >> 8).toString(16)}:${(client & 255).toString(16)}`
    const since = fast.count(ip, i)
    const verdict = window.observe(ip, i)
    if (Number.isNaN(since) ? verdict !== 'counted' : verdict === 'counted' || verdict.since !== since)
      wrong.push(i)
  }
  t.same(wrong, [])
  t.same([fast.size(), fast.evicted()], [window.size(), window.evicted()])
  t.ok(window.evicted() > 0)
})

t.test('an address becomes a key and canonical text as in TypeScript, or is left to that', async t => {
  const texts = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.constantFrom(...ADDRESSES),
    fc.stringMatching(/^[0-9a-f:]{1,24}$/),
    fc.stringMatching(/^[0-9.]{5,17}$/),
    fc
      .array(fc.constantFrom('0', '0', '1', 'abcd', '0ff', ''), { minLength: 1, maxLength: 9 })
      .map(groups => groups.join(':')),
  )
  fc.assert(
    fc.property(
      fc.array(texts, { minLength: 1, maxLength: 50 }),
      fc.constantFrom(128, 64, 47),
      (ips, ipv6Prefix) => {
        const limits = { max: 1, find: 1, late: 0, keys: 10 }
        const { window, left } = open({ limits, ipv6Prefix })
        const keyOf = compileKey(ipv6Prefix)
        return ips.every(ip => {
          left.length = 0
          const line = lineOf({ ip: `"${ip}"`, status: 404, time: Date.parse('2026-11-22T14:00:00Z') })
          window.read(Buffer.from(line))
          const written = window.take().toString()
          if (left.length > 0) return written === ''
          return canonical(ip) !== null && JSON.parse(written).ip === keyOf(ip)
        })
      },
    ),
    seeded(t, 200),
  )
  const { window, left } = open({ limits: { max: 1, find: 1, late: 0, keys: 10 }, ipv6Prefix: 128 })
  for (const ip of ['203.0.113.7', '2001:db8::1', '::', '1:2:3:4:5:6:7:8', 'fe80::aaaa:0:0:1'])
    window.read(Buffer.from(lineOf({ ip: `"${ip}"`, status: 404, time: 1.8e12 })))
  t.same(left, [], 'what is ordinary is not left to the full parser')
})

function open({ limits, ipv6Prefix }: { limits: Limits; ipv6Prefix: number }) {
  const left: string[] = []
  const window = openFastWindow({
    ...limits,
    ...{ ipv6Prefix, failing: status => status >= 400, ignored: undefined, outage: 0 },
    warn: t.fail,
    onLate() {},
    parseFully: text => left.push(text),
    banWaiting: () => t.fail('nothing waits'),
  })
  if (!window) throw new Error('WebAssembly does not run here')
  return { window, left }
}

interface Line {
  ip: string
  status: number
  time: number
  uri?: string
  isOdd?: boolean
}

function lineOf({ ip, status, time, uri = '/', isOdd = false }: Line): string {
  return (
    `{"type":"request","time":"${new Date(time).toISOString()}","ip":${ip},"status":${status},"method":"GET",` +
    `"uri":"${uri}","protocol":"HTTP/1.1","bytes":3,"msecs":0${isOdd ? ',"user":"x"' : ''}}\n`
  )
}

/** A log with tallies, in which lines of all shapes fail, some of them in outages. */
const logs = fc.array(
  fc.oneof(
    {
      weight: 20,
      arbitrary: fc.record({
        ip: fc.oneof(
          fc.nat(9).map(i => `"203.0.113.${i}"`),
          fc.nat(5).map(i => `"2001:db8:0:${i}::${i}"`),
          fc.constant('null'),
        ),
        status: fc.constantFrom(200, 404, 500, 502, 503),
        step: fc.integer({ min: -3000, max: 4000 }),
        uri: fc.constantFrom('/', '/x', `/${'y'.repeat(5000)}`, '/\\u00e9'),
        isOdd: fc.boolean(),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        requests: fc.nat(60),
        errors: fc.nat(30),
        clients: fc.nat(12),
        step: fc.nat(12_000),
      }),
    },
  ),
  { maxLength: 250 },
)

t.test('what is written and counted of a log with tallies and outages is the same', async t => {
  await fc.assert(
    fc.asyncProperty(logs, fc.constantFrom(128, 64), fc.boolean(), async (log, ipv6Prefix, ignores) => {
      let now = Date.parse('2026-11-22T14:00:00Z')
      const text = log.map(({ step, ...what }) => {
        now += step
        if ('ip' in what) return lineOf({ ...what, time: now })
        return `${JSON.stringify({ type: 'tally', time: new Date(now).toISOString(), failures: 3, ...what })}\n`
      })
      const results = [true, false].map(async thorough => {
        const warnings: string[] = []
        const { stages, tally, window } = xffWindow({
          ...{ max: 3, find: 10_000, late: 1000, keys: 8, outage: 0.2, tallies: true, ipv6Prefix, thorough },
          failing: status => status >= 400,
          ignored: ignores ? ip => ip === '203.0.113.3' || ip === '2001:db8:0:3::3' : undefined,
          onBadLine: ({ line }) => warnings.push(`${line}`),
          warn: warning => warnings.push(warning),
        })
        const written = Buffer.concat(await collect(stages, [Buffer.from(text.join(''))])).toString()
        return { written, tally, warnings, window: [window.size(), window.evicted(), window.late()] }
      })
      const [full, quick] = await Promise.all(results)
      return isDeepStrictEqual(full, quick)
    }),
    seeded(t, 200),
  )
})
