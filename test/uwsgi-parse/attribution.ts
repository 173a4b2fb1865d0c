/**
 * Nobody chooses the victim, whatever stands around a line: each subject is a way to log, with the lines that hostile
 * clients make it write, the true client of each known; the client found is the true one or none.
 */
import fc from 'fast-check'
import t from 'tap'
import { PRIVATE_RANGES } from '../../lib/net/private.js'
import { chooseFormat, type Given } from '../../lib/uwsgi-parse/choose-format.js'
import { compileClient } from '../../lib/uwsgi-parse/client.js'
import { compileParser } from '../../lib/uwsgi-parse/full-parser.js'
import { logSettings } from '../../lib/uwsgi-parse/settings/log-settings.js'
import { logClock } from '../../lib/uwsgi-parse/time/log-clock.js'
import { compileZone } from '../../lib/uwsgi-parse/time/zone.js'
import { seeded } from '../support/seeded.js'

interface Request {
  client: string
  /** what he wrote into X-Forwarded-For, if he did */
  forged: string | undefined
  method: string
  uri: string
  user: string
  agent: string
  status: number
}

interface Subject {
  name: string
  given?: Partial<Given>
  /** the options in uwsgi.ini */
  ini?: readonly (readonly [string, string])[]
  log: (request: Request) => string
  /** how many of 1,500 requests have a known client at the least; the rest is hostile beyond reading */
  known: number
}

const NONE: Given = {
  layout: undefined,
  field: undefined,
  address: undefined,
  socket: undefined,
  cut: undefined,
  'log-format': undefined,
  'log-format-strftime': false,
  'log-date': undefined,
}
const WHEN = '22/Nov/2026:14:06:08 +0000'
const APACHE = '%(addr) - %(user) [%(ltime)] "%(method) %(uri) %(proto)" %(status) %(size) "%(uagent)"'

function forwardedFor({ client, forged }: Request): string {
  return forged === undefined ? client : `${forged}, ${client}`
}

function apache(request: Request): string {
  const { method, uri, user, agent, status } = request
  return `${forwardedFor(request)} - ${user || '-'} [${WHEN}] "${method} ${uri} HTTP/1.1" ${status} 3 "${agent}"`
}

function own(request: Request, slot = forwardedFor(request)): string {
  const { method, uri, user, status } = request
  return (
    `[pid: 7|app: 0|req: 1/1] ${slot} (${user}) {24 vars in 256 bytes} [Sun Nov 22 14:06:08 2026] ${method} ${uri} ` +
    `=> generated 3 bytes in 0 msecs (HTTP/1.1 ${status}) 2 headers in 71 bytes (1 switches on core 0)`
  )
}

/** As escape_json of uWSGI does it. */
function json(text: string): string {
  return text.replace(/["\\]/g, '\\$&').replaceAll('\t', '\\t').replaceAll('\r', '\\r')
}

const PREFIXES = [
  'web_1  | ',
  '\x1b[36mweb-1  |\x1b[0m ',
  '2020-01-26T03:17:29.346494690+00:00 stderr F ',
  'Nov 27 16:17:27 host uwsgi[12]: ',
  '<30>1 2026-11-27T16:17:27.003Z host uwsgi 12 - - ',
  '2026-11-27T16:17:27.123456+00:00 app[web.1]: ',
  '2026-11-27T16:17:27Z ',
  '[pod/shop-7d4b9/web] ',
]

const SUBJECTS: readonly Subject[] = [
  { name: 'an address first', given: { 'log-format': APACHE }, log: apache, known: 250 },
  ...PREFIXES.map(prefix => ({
    name: `an address first, behind ${JSON.stringify(prefix)}`,
    given: { 'log-format': APACHE },
    log: (request: Request) => prefix + apache(request),
    known: 200,
  })),
  {
    name: 'an address and a bar, as of docker compose',
    given: { 'log-format': '%(addr) | %(method) %(uri) | %(status) [%(ltime)]' },
    log: request =>
      `${forwardedFor(request)} | ${request.method} ${request.uri} | ${request.status} [${WHEN}]`,
    known: 200,
  },
  {
    name: 'a date first, behind a prefix',
    given: { 'log-format': '%(ltime) app[%(pid)]: %(addr) "%(method) %(uri)" %(status)' },
    log: r => `web_1 | ${WHEN} app[7]: ${forwardedFor(r)} "${r.method} ${r.uri}" ${r.status}`,
    known: 200,
  },
  {
    name: 'a host first',
    given: { 'log-format': '%(host) | "%(addr)" %(method) %(uri) %(status) [%(ltime)]' },
    log: request =>
      `${request.agent} | "${forwardedFor(request)}" ${request.method} ${request.uri} ${request.status} [${WHEN}]`,
    known: 150,
  },
  {
    name: 'a log-format within an encoder of JSON',
    ini: [
      ['log-format', APACHE],
      ['log-encoder', `json {"at":\${unix},"message":"\${msg}","level":"info"}`],
      ['log-encoder', 'nl'],
    ],
    log: request => `{"at":1795356368,"message":"${json(apache(request))}","level":"info"}`,
    known: 250,
  },
  {
    name: 'members of JSON within an encoder that is text',
    ini: [
      ['log-format', '"ip":"%(addr)", "uri":"%(uri)", "status":%(status)'],
      ['log-encoder', `format {"time":"\${micros}", \${msg}}`],
      ['log-encoder', 'nl'],
    ],
    log: r =>
      `{"time":"1795796369428080", "ip":"${forwardedFor(r)}", "uri":"${r.uri}", "status":${r.status}}`,
    known: 200,
  },
  {
    name: "uWSGI's own layout within broken JSON",
    ini: [
      ['http-socket', ':80'],
      ['log-encoder', `json {"at":\${strftime:%F %T}, "message":"\${msg}"}`],
      ['log-encoder', 'nl'],
    ],
    log: r =>
      `{"at":2026-11-22 14:06:08, "message":"${json(own({ ...r, uri: r.uri.replaceAll(' ', '+'), user: '' }))}"}`,
    known: 500,
  },
  {
    name: 'a header of the front end',
    given: {
      'log-format': '%(addr) - "%(var.HTTP_X_REAL_IP)" [%(isotime)] %(status) "%(uri)"',
      address: 'X-Real-IP',
    },
    log: r => `${r.forged ?? '-'} - "${r.client}" [2026-11-22T14:06:08Z] ${r.status} "${r.uri}"`,
    known: 150,
  },
  {
    name: 'a word that the file does not tell',
    given: { 'log-format': '$(LEVEL) %(addr) [%(ltime)] %(status) "%(host)%(uri)"' },
    log: r => `INFO ${forwardedFor(r)} [${WHEN}] ${r.status} "${r.agent}${r.uri}"`,
    known: 200,
  },
]

/** How servers write a text that a client sent. */
const nginx = (text: string) =>
  text.replace(/["\\]|[^ -~]/g, found => `\\x${Buffer.from(found, 'latin1').toString('hex').toUpperCase()}`)
const apache2 = (text: string) =>
  text
    .replace(/["\\]/g, '\\$&')
    .replace(/[^ -~]/g, found => `\\x${Buffer.from(found, 'latin1').toString('hex')}`)
const gunicorn = (text: string) => text.replaceAll('"', '\\"')
const haproxy = (text: string) =>
  text.replace(/["#{|}]|[^ -~]/g, found => `#${Buffer.from(found, 'latin1').toString('hex').toUpperCase()}`)

/** A line as Apache's `combined` has it. */
function combined(address: string, r: Request, written: (text: string) => string, referer = '-'): string {
  const user = written(r.user) || '-'
  const request = `${written(r.method)} ${written(r.uri)} HTTP/1.1`
  return `${address} - ${user} [${WHEN}] "${request}" ${r.status} 153 "${written(referer)}" "${written(r.agent)}"`
}

/** Behind a proxy of ours, or without one. */
const isBehind = ({ status }: Request) => status === 500
const PROXY = '10.0.0.5'
const addressOf = (r: Request) => (isBehind(r) ? PROXY : r.client)
const headerOf = (r: Request) => (isBehind(r) ? forwardedFor(r) : (r.forged ?? '-'))

const SERVERS: readonly Subject[] = [
  {
    name: 'nginx',
    given: { layout: 'nginx' },
    log: r => combined(r.client, r, nginx, r.forged),
    known: 1200,
  },
  {
    name: 'main of nginx.conf',
    given: { layout: 'nginx-main' },
    log: r => `${combined(addressOf(r), r, nginx)} "${nginx(headerOf(r))}"`,
    known: 1200,
  },
  {
    name: 'Apache',
    given: { layout: 'apache' },
    log: r => combined(r.client, r, apache2, r.forged),
    known: 1000,
  },
  {
    name: "Apache's vhost_combined",
    given: { layout: 'apache' },
    log: r => `www.example.org:80 ${combined(r.client, r, apache2, r.forged)}`,
    known: 1000,
  },
  {
    name: 'gunicorn',
    given: { layout: 'gunicorn' },
    log: r => combined(r.client, r, gunicorn, r.forged),
    known: 500,
  },
  {
    name: 'HAProxy',
    given: { layout: 'haproxy' },
    log: r =>
      `<134>Nov 22 14:06:08 haproxy[7]: ${r.client}:51700 [22/Nov/2026:14:06:08.232] web web/app 0/0/1/2/3 ${r.status} ` +
      `56 - - ---- 1/1/0/0/0 0/0 {${haproxy(r.agent)}|${haproxy(r.forged ?? '')}} "${haproxy(r.method)} ${haproxy(r.uri)} HTTP/1.1"`,
    known: 1000,
  },
  {
    name: 'werkzeug',
    given: { layout: 'werkzeug' },
    log: r =>
      `INFO:werkzeug:${r.client} - - [22/Nov/2026 14:06:08] "${r.method} ${r.uri} HTTP/1.1" ${r.status} -`,
    known: 700,
  },
  {
    name: 'Caddy',
    given: { layout: 'caddy' },
    log: r =>
      JSON.stringify({
        ...{ level: 'error', ts: 1795820144.4, logger: 'http.log.access.log0', msg: 'handled request' },
        request: {
          remote_ip: addressOf(r),
          client_ip: '8.8.8.8',
          method: r.method,
          uri: r.uri,
          headers: headerOf(r) === '-' ? {} : { 'X-Forwarded-For': [headerOf(r)], 'User-Agent': [r.agent] },
        },
        status: r.status,
      }),
    known: 1200,
  },
  {
    name: 'Traefik',
    given: { layout: 'traefik' },
    log: r =>
      JSON.stringify({
        ClientAddr: addressOf(r).includes(':') ? `[${addressOf(r)}]:51700` : `${addressOf(r)}:51700`,
        ClientHost: headerOf(r) === '-' ? addressOf(r) : headerOf(r),
        ...{ DownstreamStatus: r.status, Duration: 15000, RequestMethod: r.method, RequestPath: r.uri },
        ...{ ClientUsername: r.user, StartUTC: '2026-11-27T22:55:44.268142Z' },
      }),
    known: 1200,
  },
  {
    name: 'ALB',
    given: { layout: 'alb' },
    log: r =>
      `https 2026-11-27T22:23:00.186641Z app/lb/50dc6c495c0c9188 ${r.client}:2817 10.0.0.1:80 0.000 0.001 0.000 ${r.status} ` +
      `${r.status} 34 366 "GET https://www.example.com:443${encodeURI(r.uri)} HTTP/1.1" "${r.agent}" - - arn:x "Root=1" "-" "-" 0`,
    known: 1000,
  },
]

const VICTIMS = ['8.8.8.8', '9.9.9.9', '2001:db8::dead']
const EXAMPLE: Request = {
  client: '8.8.8.8',
  forged: undefined,
  method: 'GET',
  uri: '/',
  user: '',
  agent: 'x',
  status: 404,
}

/** What a client writes who knows how it is logged: whole lines, pieces of them, and prefixes. */
function hostile({ log }: Subject): fc.Arbitrary<string> {
  const lines = VICTIMS.map(client => log({ ...EXAMPLE, client }))
  const line = fc.constantFrom(...lines)
  const slice = fc
    .tuple(line, fc.nat(200), fc.nat(200))
    .map(([text, from, size]) => text.slice(from % text.length, (from % text.length) + size))
  const piece = fc.oneof(
    fc.constantFrom(...VICTIMS, ...PREFIXES),
    fc.constantFrom(
      ', ',
      ' ',
      '"',
      ' - ',
      ' | ',
      ': ',
      '] ',
      '\\',
      '\\"',
      '{',
      '}',
      '\t',
      '\x1b[0m',
      ' 404 ',
    ),
    line,
    slice,
    fc.string({ unit: 'binary-ascii', maxLength: 5 }),
  )
  return fc.array(piece, { maxLength: 6 }).map(parts => parts.join('').replace(/[\0\n]/g, '?'))
}

function requests(subject: Subject): fc.Arbitrary<Request> {
  const text = hostile(subject)
  return fc.record({
    client: fc.constantFrom('1.2.3.4', '203.0.113.77', '2001:db8:a::5'),
    forged: fc.option(text, { nil: undefined }),
    method: fc.oneof(
      fc.constant('GET'),
      text.map(method => method.replaceAll(' ', '')),
    ),
    uri: fc.oneof(
      fc.constant('/404'),
      text.map(rest => `/${rest}`),
    ),
    user: fc.oneof(fc.constant(''), text),
    agent: fc.oneof(fc.constant('curl/8.5.0'), text),
    status: fc.constantFrom(404, 500),
  })
}

for (const subject of [...SUBJECTS, ...SERVERS]) {
  t.test(`${subject.name}: a hostile request names its sender or nobody`, async t => {
    const settings =
      subject.ini &&
      logSettings({
        entries: subject.ini.map(([key, value]) => ({ key, value, isConditional: false })),
        missing: [],
      })
    const { format, field } = chooseFormat({ ...NONE, ...subject.given }, settings)
    const client = compileClient({ ranges: PRIVATE_RANGES })
    const attribution = { client, counted: false }
    let known = 0
    fc.assert(
      fc.property(requests(subject), request => {
        const parse = compileParser({ format, field, attribution, clock: logClock(compileZone('UTC')) })
        const found = parse(subject.log(request))
        if (!Array.isArray(found)) return true
        return found.every(({ record: { ip, status } }) => {
          if (ip !== null) known += 1
          return ip === null || (ip === request.client && status === request.status)
        })
      }),
      seeded(t, 1500),
    )
    t.ok(known >= subject.known, `${known} known`)
  })
}
