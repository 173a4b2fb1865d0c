/**
 * Every common pair of a front end and a socket of uWSGI, and on each every kind of request that clients make: what a
 * banned client asks for never comes to the app, and what others ask for is answered as without the program. Each pair is
 * tried over one kind of link; RUNS_TIMES=2 and more tries all of them.
 */
import { readFileSync } from 'node:fs'
import { LIMIT } from '../support/wait-for.js'
import { ATTACKER, ATTACKER6, USER, USER6 } from './addresses.js'
import { BPF } from './bpf/loaded.js'
import { banAndLeave } from './lab/attack.js'
import { createLab, type Front, type Lab } from './lab/lab.js'
import { APP, kernelTest } from './lab/needs.js'
import { ADDRESSES } from './lab/network.js'
import type { Request } from './lab/request.js'
import type { Uwsgi, UwsgiOptions } from './lab/uwsgi.js'

const SERVER: UwsgiOptions = {
  ...{ http: 3031, socket: 3032, workers: 8 },
  more: [
    ['http11-socket', `${ADDRESSES.app.v4}:3033`],
    ['add-header', 'Connection: close'],
  ],
}
const HTTP = '--port 3031'
const UWSGI = '--port 3032 --uwsgi REMOTE_ADDR'
const KEPT = '--port 3033'
const kept = ({ http }: Uwsgi) => ({ ...http, port: 3033 })

interface Pair {
  program: string
  options: string
  start: (lab: Lab, uwsgi: Uwsgi) => Promise<Front>
}

const PAIRS: Readonly<Record<string, Pair>> = {
  'nginx, http-socket': {
    ...{ program: 'nginx', options: HTTP },
    start: (lab, { http }) => lab.nginx({ to: [http] }),
  },
  'nginx, http11-socket': {
    ...{ program: 'nginx', options: KEPT },
    start: (lab, uwsgi) => lab.nginx({ to: [kept(uwsgi)], keepalive: 8 }),
  },
  'nginx without buffers, http-socket': {
    ...{ program: 'nginx', options: HTTP },
    start: (lab, { http }) =>
      lab.nginx({ to: [http], more: ['proxy_request_buffering off;', 'proxy_http_version 1.1;'] }),
  },
  'nginx, socket': {
    ...{ program: 'nginx', options: UWSGI },
    start: (lab, { socket }) => lab.nginx({ to: [socket], speaks: 'uwsgi' }),
  },
  'nginx behind nginx, http-socket': {
    ...{ program: 'nginx', options: HTTP },
    start: async (lab, { http }) => lab.nginx({ to: [await lab.nginx({ at: 'inner', to: [http] })] }),
  },
  'HAProxy, http-socket': {
    ...{ program: 'haproxy', options: HTTP },
    start: (lab, { http }) => lab.haproxy({ to: [http] }),
  },
  'HAProxy, http11-socket': {
    ...{ program: 'haproxy', options: KEPT },
    start: (lab, uwsgi) => lab.haproxy({ to: [kept(uwsgi)] }),
  },
  'HAProxy that closes, http-socket': {
    ...{ program: 'haproxy', options: HTTP },
    start: (lab, { http }) => lab.haproxy({ to: [http], more: ['option http-server-close'] }),
  },
  'Apache, http-socket': {
    ...{ program: 'apache2', options: HTTP },
    start: lab => configured(lab, 'apache2', 'ProxyPass / http://10.77.0.2:3031/'),
  },
  'Apache, socket': {
    ...{ program: 'apache2', options: UWSGI },
    start: lab => configured(lab, 'apache2', 'ProxyPass / uwsgi://10.77.0.2:3032/'),
  },
  'Caddy, http-socket': {
    ...{ program: 'caddy', options: HTTP },
    start: lab => lab.configured('caddy', ':80 {\n\treverse_proxy 10.77.0.2:3031\n}'),
  },
}

function configured(lab: Lab, kind: 'apache2', line: string): Promise<Front> {
  return lab.configured(kind, `<VirtualHost *:80>\n${line}\n</VirtualHost>`)
}

/** A request by the path that it is known by. */
type Ask = (path: string) => Omit<Request, 'from' | 'to'>

/** Other requests on the same connection before it. */
const behind =
  (text: (path: string) => string): Ask =>
  path => ({ path: `${path} HTTP/1.1\r\nHost: a\r\n${text(path)}GET ${path}` })
const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`

const REQUESTS: Readonly<Record<string, Ask>> = {
  GET: path => ({ path }),
  HEAD: path => ({ path, method: 'HEAD' }),
  'HTTP/1.0': path => ({ path, version: '1.0' }),
  OPTIONS: path => ({ path, method: 'OPTIONS' }),
  CONNECT: path => ({ path, method: 'CONNECT' }),
  'a method of its own': path => ({ path, method: 'x!#$%&' }),
  'POST of 100 bytes': path => ({ path, method: 'POST', body: 'a'.repeat(100) }),
  'POST of 200 KB': path => ({ path, method: 'POST', body: 'a'.repeat(200_000) }),
  'POST of requests': path => ({ path, method: 'POST', body: get('/ok').repeat(100) }),
  'POST that waits for 100': path => ({
    ...{ path, method: 'POST', body: 'a'.repeat(2000) },
    headers: { Expect: '100-continue' },
  }),
  'chunks and trailers': behind(
    () => 'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n3;a=b\r\nyou\r\n0\r\nX-Trailer: a\r\n\r\n',
  ),
  'one behind another': behind(() => '\r\n'),
  'ten behind one another': behind(path => `\r\n${get(path).repeat(9)}`),
  Upgrade: path => ({
    path,
    headers: { Upgrade: 'websocket', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': 'eA==' },
  }),
  'a list of 3 KB': path => ({ path, headers: { 'X-Forwarded-For': '10.0.0.1, '.repeat(300) } }),
  'two lists': path => ({ path, headers: { 'X-Forwarded-For': [USER, USER6] } }),
  'no address': path => ({ path, headers: { 'X-Forwarded-For': 'unknown' } }),
  'a cookie of 3 KB': path => ({ path, headers: { Cookie: `a=${'c'.repeat(3000)}` } }),
  'a path of 3 KB': path => ({ path: `${path}&${'a'.repeat(3000)}` }),
}

const OFFLOADS = ['tso', 'off', 'gso', 'off', 'gro', 'off', 'tx', 'off']

/** What is between the front end and the app. */
const LINKS: readonly (readonly [name: string, prepare: (lab: Lab) => Promise<unknown>])[] = [
  ['large segments', async () => {}],
  ['offloads off', switchOff],
  [
    'small segments',
    async lab => {
      await switchOff(lab)
      // the app announces how large segments to it may be
      await lab.command([
        'ip',
        'route',
        'replace',
        '10.77.0.0/24',
        'dev',
        'net',
        'src',
        '10.77.0.2',
        'advmss',
        isWhole ? '88' : '300',
      ])
    },
  ],
]

async function switchOff(lab: Lab): Promise<void> {
  await lab.command(['ethtool', '-K', 'app', ...OFFLOADS], { at: 'edge' })
  await lab.command(['ethtool', '-K', 'inner', ...OFFLOADS], { at: 'edge' })
  await lab.command(['ethtool', '-K', 'net', ...OFFLOADS])
}

const isWhole = Number(process.env.RUNS_TIMES ?? 1) > 1
const [BANNED, OTHERS] = ['/read?of=the-banned', '/read?of=others']

for (const [i, [name, { program, options, start }]] of Object.entries(PAIRS).entries()) {
  for (const [link, prepare] of isWhole ? LINKS : LINKS.slice(i % 3, (i % 3) + 1)) {
    const needs = [program, 'nginx', 'ethtool', ...APP, ...BPF]
    kernelTest(`${name}: ${Object.keys(REQUESTS).length} kinds of requests over ${link}`, needs, async t => {
      const lab = await createLab(t)
      await prepare(lab)
      const uwsgi = await lab.uwsgi(SERVER)
      const front = await start(lab, uwsgi)
      const ask = async (from: string, kind: string, path: string) => {
        const request = REQUESTS[kind]?.(path)
        const { status, body } = await lab.request({ ...request, from, to: front, within: LIMIT / 4 })
        // behind a 100 there is another status
        return { isServed: body.includes('the app says') || status === 200, isRefused: status === 403 }
      }
      const before = new Map<string, unknown>()
      for (const from of [USER, USER6])
        for (const kind of Object.keys(REQUESTS)) before.set(`${from} ${kind}`, await ask(from, kind, OTHERS))
      await banAndLeave({ lab }, `${options} --packets bpf`, [ATTACKER, ATTACKER6])
      const wrong: unknown[] = []
      let refused = 0
      for (const kind of Object.keys(REQUESTS)) {
        for (const from of [ATTACKER, USER, ATTACKER6, USER6]) {
          const isBanned = from === ATTACKER || from === ATTACKER6
          const answer = await ask(from, kind, isBanned ? BANNED : OTHERS)
          if (answer.isRefused) refused += 1
          const expected = before.get(`${from} ${kind}`)
          if (!isBanned && JSON.stringify(answer) !== JSON.stringify(expected))
            wrong.push({ kind, from, answer, expected })
        }
      }
      t.same(wrong.slice(0, 3), [], `${wrong.length} answers to others differ from those without bans`)
      const log = readFileSync(uwsgi.log, 'latin1')
      t.notMatch(log, BANNED, 'nothing of the banned comes to the app')
      t.match(log, OTHERS, 'of which the log tells')
      t.ok(refused >= 2 * Object.keys(REQUESTS).length - 8, `${refused} are refused by the kernel`)
    })
  }
}
