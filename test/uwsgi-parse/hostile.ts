/**
 * Nobody chooses the victim: requests as a hostile client would make them, logged as uWSGI would log them, the true
 * client known. Whatever is in them, the client found is the true one or none.
 */
import fc from 'fast-check'
import t from 'tap'
import { PRIVATE_RANGES } from '../../lib/net/private.js'
import { compileClient } from '../../lib/uwsgi-parse/client.js'
import { compileFormat, type Format, OWN_FORMAT } from '../../lib/uwsgi-parse/layout/log-format.js'
import { readLine } from '../../lib/uwsgi-parse/layout/reading.js'
import { toRequest } from '../../lib/uwsgi-parse/request.js'
import { logClock } from '../../lib/uwsgi-parse/time/log-clock.js'
import { compileZone } from '../../lib/uwsgi-parse/time/zone.js'
import { seeded } from '../support/seeded.js'

interface Request {
  /** who really sent it */
  client: string
  /** what he wrote into X-Forwarded-For himself, if he did */
  forged: string | undefined
  /** addresses of proxies behind the first */
  proxies: string[]
  method: string
  uri: string
  user: string
  /** logged with --vhost */
  host: string | undefined
  status: number
}

const DATE = 'Sun Nov 22 14:06:08 2026'
const CLIENTS = ['1.2.3.4', '203.0.113.77', '2001:db8:a::5', '198.51.100.7']
const VICTIMS = ['8.8.8.8', '9.9.9.9', '2001:db8::dead']

/** The list as the front ends leave it: each appends the address that it sees. */
function forwardedFor({ client, forged, proxies }: Request): string {
  return [...(forged === undefined ? [] : [forged]), client, ...proxies].join(', ')
}

/** uwsgi_logit_simple of core/logging.c: a line that would fill its 4096 bytes loses what strangers wrote. */
function logLine(request: Request): string {
  const head = '[pid: 20974|app: 0|req: 7/9] '
  const middle = `{24 vars in 256 bytes} [${DATE}]`
  const tail = `2 headers in 71 bytes (1 switches on core 0)`
  const answer = '=> generated 3 bytes in 0 msecs'
  const { method, uri, user, status, host } = request
  const full = `${head}${forwardedFor(request)} (${user}) ${middle} ${method} ${uri} ${answer} (HTTP/1.0 ${status}) ${tail}`
  const line =
    Buffer.byteLength(full) < 4096 ? full : `${head}0.0.0.0 () ${middle} - - ${answer} (- ${status}) ${tail}`
  return host === undefined ? line : `${host} ${line}`
}

const address = fc.constantFrom(...VICTIMS)
/** What a log line is made of. */
const piece = fc.oneof(
  address,
  fc.constantFrom(
    ', ',
    ' (',
    ')',
    '()',
    ' () ',
    ' => generated ',
    '- -',
    ' ',
    ',',
    '"',
    '\t',
    '\u0001',
    '\ufffd',
  ),
  fc.constantFrom(
    '[pid: 1|app: 0|req: 1/1] ',
    '{24 vars in 247 bytes} ',
    `[${DATE}] `,
    '[Mon Jan  1 00:00:00 2024] ',
  ),
  fc.constantFrom(
    ') {1 vars in 1 bytes} ',
    'GET /404',
    ' in 0 msecs (HTTP/1.1 404) ',
    '2 headers in 71 bytes ',
  ),
  fc.constantFrom(
    '(1 switches on core 0)',
    `) {1 vars in 1 bytes} [${DATE}] GET / `,
    ' => generated 3 bytes in 0 msecs ',
  ),
  fc.constantFrom('(HTTP/1.0 200) 2 headers in 71 bytes (1 switches on core 0)', '1.2.3.4, ', '10.0.0.1'),
)
const pieces = fc.array(piece, { maxLength: 12 }).map(parts => parts.join(''))
/** A line within the line, whole. */
const forgery = fc
  .tuple(address, pieces)
  .map(
    ([ip, rest]) =>
      `${rest}${logLine({ client: ip, forged: undefined, proxies: [], method: 'GET', uri: '/', user: '', host: undefined, status: 404 })}`,
  )
const long = fc.tuple(piece, fc.integer({ min: 1, max: 400 })).map(([part, times]) => part.repeat(times))
const hostile = fc
  .oneof(pieces, forgery, long, fc.string({ unit: 'binary-ascii' }))
  .map(text => text.replace(/[\0\n]/g, '?'))
// a parenthesis is a piece of a log line
const harmless = fc
  .oneof(
    fc.string(),
    fc.array(address).map(list => list.join(', ')),
    fc.constantFrom('unknown', '_x', '10.0.0.1', ''),
  )
  .map(text => text.replaceAll('(', ''))

function requests(text: fc.Arbitrary<string>): fc.Arbitrary<Request> {
  return fc.record({
    client: fc.constantFrom(...CLIENTS),
    forged: fc.option(text, { nil: undefined }),
    proxies: fc.constantFrom([], ['10.77.0.1'], ['10.77.0.1', 'fd00::9']),
    method: fc.constantFrom('GET', 'POST', 'BREW', '-'),
    uri: fc.oneof(
      fc.constant('/404'),
      text.map(rest => `/${rest}`),
      text.map(rest => `/${rest.replaceAll(' ', '%20')}`),
    ),
    user: fc.oneof(fc.constant(''), text),
    host: fc.option(text, { nil: undefined }),
    status: fc.constantFrom(404, 403, 500),
  })
}

/** What the parser makes of a line: the client, null, or undefined for a line that is no request to it. */
function parse(
  line: string,
  format: Format,
  hops?: number,
): { ip: string | null; status: number | undefined } | undefined {
  const attribution = { client: compileClient({ ranges: PRIVATE_RANGES, hops }), counted: hops !== undefined }
  const reading = readLine(line, format.layouts[0])
  if (!reading) return undefined
  const { ip, status } = toRequest(
    reading,
    format,
    attribution,
    logClock(compileZone('UTC')),
    undefined,
  ).record
  return { ip, status }
}

/** @param share how many clients may stay unknown */
function check(t: Tap, text: fc.Arbitrary<string>, runs: number, share: number) {
  let unknown = 0
  let all = 0
  fc.assert(
    fc.property(requests(text), request => {
      all += 1
      const found = parse(logLine(request), OWN_FORMAT)
      if (!found || found.ip === null) unknown += 1
      const counted = parse(logLine(request), OWN_FORMAT, request.proxies.length + 1)
      return [found, counted].every(
        each => !each || each.ip === null || (each.ip === request.client && each.status === request.status),
      )
    }),
    seeded(t, runs),
  )
  t.comment(`0 wrong clients in ${all}, ${((unknown / all) * 100).toFixed(2)} % unknown`)
  t.ok(unknown / all <= share, `at most ${share * 100} % unknown`)
}

type Tap = { comment: (text: string) => void; ok: (value: boolean, name: string) => unknown }

t.test('a hostile request names its sender or nobody', async t => check(t, hostile, 15_000, 0.75))

t.test('the client of a request without pieces of a log line is known', async t =>
  check(t, harmless, 5_000, 0.01),
)

t.test('in layouts like those of Apache and JSON a hostile request names its sender or nobody', async t => {
  const formats: [string, (request: Request) => string][] = [
    [
      '%(addr) - %(user) [%(ltime)] "%(method) %(uri) %(proto)" %(status) %(size) "%(referer)" "%(uagent)"',
      r =>
        `${forwardedFor(r)} - ${r.user || '-'} [22/Nov/2026:14:06:08 +0000] "${r.method} ${r.uri} HTTP/1.1" ${r.status} 3 "${r.host ?? '-'}" "x"`,
    ],
    [
      '%(epoch) %(status) "%(uri)" %(var.HTTP_X_FORWARDED_FOR) | %(var.REMOTE_ADDR)',
      r =>
        `1795356368 ${r.status} "${r.uri}" ${r.forged === undefined ? '' : `${r.forged}, `}${r.client} | 10.77.0.1`,
    ],
    [
      '{"ip": "%(addr)", "status": %(status), "time": %(tmsecs), "uri": "%(uri)", "agent": "%(uagent)"}',
      r =>
        `{"ip": "${forwardedFor(r)}", "status": ${r.status}, "time": 1795356368000, "uri": "${r.uri}", "agent": "${r.user}"}`,
    ],
  ]
  const fake = fc.constantFrom(
    '8.8.8.8 - - [22/Nov/2026:14:06:08 +0000] "GET / HTTP/1.1" 404 3 "-" "x"',
    '" 404 3 "',
    '", "status": 404, "time": 1795356368000, "uri": "',
    ' | 9.9.9.9',
    '1795356368 404 "/" 8.8.8.8 | 9.9.9.9',
  )
  const text = fc.oneof(
    hostile,
    fc.array(fc.oneof(fake, piece), { maxLength: 5 }).map(parts => parts.join('').replaceAll('\n', '')),
  )
  for (const [string, log] of formats) {
    const format = compileFormat({ format: string })
    let known = 0
    fc.assert(
      fc.property(requests(text), request => {
        const found = parse(log(request), format)
        if (found?.ip) known += 1
        return !found || found.ip === null || (found.ip === request.client && found.status === request.status)
      }),
      seeded(t, 3000),
    )
    t.ok(known > 500, `${string}: ${known} known`)
  }
})
