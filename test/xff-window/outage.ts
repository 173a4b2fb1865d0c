/** An outage of the app bans nobody, and hides nobody; by the log alone. */
import { once } from 'node:events'
import { execa } from 'execa'
import fc from 'fast-check'
import t from 'tap'
import { PRIVATE_RANGES } from '../../lib/net/private.js'
import { compileClient } from '../../lib/uwsgi-parse/client.js'
import { OWN_FORMAT } from '../../lib/uwsgi-parse/layout/log-format.js'
import { uwsgiParse } from '../../lib/uwsgi-parse/stage.js'
import { compileZone } from '../../lib/uwsgi-parse/time/zone.js'
import { xffWindow } from '../../lib/xff-window/stage.js'
import { collect } from '../support/collect.js'
import { bundle } from '../support/commands.js'
import { seeded } from '../support/seeded.js'

const SCANNER = '203.0.113.66'

interface Line {
  /** seconds */
  at: number
  ip: string
  status: number
}

function logOf(lines: readonly Line[]): string {
  return [...lines]
    .sort((a, b) => a.at - b.at)
    .map(({ at, ip, status }) => {
      const date = new Date(Date.UTC(2026, 10, 22, 14) + Math.floor(at) * 1000).toUTCString()
      const [, day, of, month, year, time] = /(\w+), (\d+) (\w+) (\d+) ([\d:]+)/.exec(date) ?? []
      return (
        `[pid: 7|app: 0|req: 1/1] ${ip} () {30 vars in 400 bytes} [${day} ${month} ${of} ${time} ${year}] GET / => ` +
        `generated 3 bytes in 1 msecs (HTTP/1.1 ${status}) 2 headers in 71 bytes (1 switches on core 0)\n`
      )
    })
    .join('')
}

/** Who is banned for a log, each ban by the second in which it was decided. */
async function bannedFor(
  lines: readonly Line[],
  { outage = 0.2, tallyMs = 10_000, thorough = false } = {},
): Promise<string[]> {
  const warn = () => {}
  const parse = uwsgiParse({
    ...{ wanted: (status: number) => status >= 400, zone: compileZone('UTC'), format: OWN_FORMAT, tallyMs },
    attribution: { client: compileClient({ ranges: PRIVATE_RANGES }), counted: false },
    ...{ warn, onBadLine: warn, thorough },
  })
  const window = windowOf({ outage, thorough })
  const bans = Buffer.concat(await collect([...parse.stages, ...window.stages], [Buffer.from(logOf(lines))]))
  return bans
    .toString()
    .split('\n')
    .filter(Boolean)
    .map(line => JSON.parse(line).ip)
}

function windowOf({ outage = 0.2, thorough = false, max = 10, find = 300_000 }) {
  return xffWindow({
    ...{ max, find, late: 60_000, keys: 1000, outage, thorough },
    failing: status => status >= 400,
    ignored: () => false,
    ipv6Prefix: 128,
    onBadLine: () => {},
    warn: () => {},
  })
}

const user = (i: number) => `198.51.100.${i}`
/** Fifty users are served, then get a dozen errors each within two minutes, and are served again. */
const outage: Line[] = Array.from({ length: 50 }, (_, i) => [
  ...[0, 1, 2].map(n => ({ at: n * 10 + (i % 10), ip: user(i), status: 200 })),
  ...Array.from({ length: 12 }, (_, n) => ({ at: 40 + n * 10 + (i % 10), ip: user(i), status: 500 })),
  { at: 170 + (i % 10), ip: user(i), status: 200 },
]).flat()
const scan = (status: (n: number) => number, from = 60): Line[] =>
  Array.from({ length: 40 }, (_, n) => ({ at: from + n / 2, ip: SCANNER, status: status(n) }))

t.test('an outage of fifty users bans none of them', async t => {
  for (const thorough of [false, true]) {
    t.same(await bannedFor(outage, { thorough }), [])
    t.equal((await bannedFor(outage, { outage: 0, thorough })).length, 50, 'each of them, if all counts')
    t.equal((await bannedFor(outage, { tallyMs: 0, thorough })).length, 50, 'and without tallies')
  }
})

t.test('a scanner in an outage is banned all the same', async t => {
  for (const thorough of [false, true]) {
    const banned = async (status: (n: number) => number) => [
      ...new Set(await bannedFor([...outage, ...scan(status)], { thorough })),
    ]
    t.same(await banned(() => 404), [SCANNER])
    t.same(await banned(n => (n % 2 === 0 ? 404 : 500)), [SCANNER], 'also one that causes errors as well')
  }
})

t.test('errors of few are no outage', async t => {
  const served = outage.filter(({ status }) => status === 200)
  t.same([...new Set(await bannedFor([...served, ...scan(() => 500)]))], [SCANNER], 'one that breaks the app')
  const four = [1, 2, 3, 4].flatMap(i => scan(() => 500).map(line => ({ ...line, ip: `203.0.113.${i}` })))
  t.equal(new Set(await bannedFor([...served, ...four])).size, 4, 'four of them')
  const many = Array.from({ length: 500 }, (_, i) => ({
    at: 60 + i / 25,
    ip: `192.0.${i >> 8}.${i & 255}`,
    status: 404,
  }))
  const ten = Array.from({ length: 10 }, (_, i) =>
    scan(() => 500).map(line => ({ ...line, ip: `203.0.113.${i}` })),
  ).flat()
  t.equal(new Set(await bannedFor([...many, ...ten])).size, 10, 'ten among five hundred clients')
})

/** Failures and tallies, in stretches. */
const streams = fc.array(
  fc.tuple(
    fc.array(fc.tuple(fc.nat(6), fc.constantFrom(404, 500, 503), fc.nat(2)), { maxLength: 25 }),
    fc.nat(40),
    fc.nat(12),
  ),
  { minLength: 1, maxLength: 6 },
)

t.test('the bans are those of the definition, by both readers', async t => {
  await fc.assert(
    fc.asyncProperty(streams, fc.boolean(), async (stretches, isTallied) => {
      const [max, find] = [3, 20_000]
      let now = Date.parse('2026-11-22T14:00:00Z')
      const lines: string[] = []
      const expected: string[] = []
      const times = new Map<string, number[]>()
      const count = (ip: string, time: number) => {
        const all = [...(times.get(ip) ?? []), time].sort((a, b) => a - b)
        const first = all.findIndex(
          (oldest, i) =>
            oldest <= time &&
            (all[i + max - 1] ?? 0) >= time &&
            (all[i + max - 1] ?? Number.POSITIVE_INFINITY) - oldest <= find,
        )
        times.set(ip, first < 0 ? all : [])
        if (first >= 0) expected.push(`${ip} ${new Date(time).toISOString()}`)
        return first >= 0
      }
      const tally = (requests: number, errors: number, clients: number) =>
        lines.push(
          `{"type":"tally","time":"${new Date(now).toISOString()}","requests":${requests},"failures":${errors},"errors":${errors},"clients":${clients}}`,
        )
      if (isTallied) tally(0, 0, 0)
      for (const [failures, others, clients] of stretches) {
        const waiting: (readonly [string, number])[] = []
        const consumed = new Map<string, number>()
        for (const [client, status, step] of failures) {
          now += step * 1000
          const ip = `203.0.113.${client}`
          lines.push(
            `{"type":"request","time":"${new Date(now).toISOString()}","ip":"${ip}","status":${status},"method":"GET","uri":"/","protocol":"HTTP/1.1","bytes":3,"msecs":1}`,
          )
          if (isTallied && status >= 500) waiting.push([ip, now])
          else if (count(ip, now)) consumed.set(ip, waiting.length)
        }
        const errors = failures.filter(([, status]) => status >= 500)
        const ill = new Set(errors.map(([client]) => client)).size
        const isOutage = ill >= 5 && errors.length > 0.2 * (failures.length + others) && ill > 0.2 * clients
        for (const [i, [ip, time]] of waiting.entries()) {
          if (!isOutage && i >= (consumed.get(ip) ?? 0)) count(ip, time)
        }
        now += 1000
        if (isTallied) tally(failures.length + others, errors.length, clients)
      }
      const input = [Buffer.from(`${lines.join('\n')}\n`)]
      const bans = async (thorough: boolean) =>
        Buffer.concat(await collect(windowOf({ max, find, thorough }).stages, input))
          .toString()
          .split('\n')
          .filter(Boolean)
          .map(line => JSON.parse(line))
          .map(({ ip, time }) => `${ip} ${time}`)
          .join()
      return (await bans(false)) === expected.join() && (await bans(true)) === expected.join()
    }),
    seeded(t, 300),
  )
})

t.test('live, a scanner is banned at its tenth line, and errors wait for the next stretch', async t => {
  const line = `'${process.execPath}' '${bundle('uwsgi-parse')}' --tz UTC | '${process.execPath}' '${bundle('xff-window')}'`
  const child = execa('bash', ['-c', line], { buffer: false, reject: false })
  t.teardown(() => child.kill())
  const next = async () => JSON.parse(String((await once(child.stdout, 'data'))[0]).split('\n')[0] ?? '').ip
  child.stdin.write(
    logOf(
      scan(() => 500)
        .slice(0, 10)
        .map(line => ({ ...line, ip: '203.0.113.1' })),
    ),
  )
  child.stdin.write(logOf(scan(() => 404).slice(0, 10)))
  t.equal(await next(), SCANNER, 'while nothing else comes')
  child.stdin.write(logOf([{ at: 90, ip: user(1), status: 404 }]))
  t.equal(await next(), '203.0.113.1', 'errors of one client alone')
  child.stdin.end()
  await child
})
