/**
 * Whatever a client writes into a request, behind whichever front end: a banned one does not reach the app, and nobody
 * else is refused for naming a banned address.
 */

import { ATTACKER, ATTACKER6, USER, USER6, VICTIM } from './addresses.js'
import { BPF } from './bpf/loaded.js'
import { TRICKS } from './lab/hostile.js'
import { createLab, type Front, type Lab } from './lab/lab.js'
import { APP, kernelTest } from './lab/needs.js'
import { ADDRESSES } from './lab/network.js'
import type { Request } from './lab/request.js'
import type { Uwsgi, UwsgiOptions } from './lab/uwsgi.js'

type Attempt = Omit<Request, 'from' | 'to'>

const SPOOF = `X-Forwarded-For: ${VICTIM}\r\n`
/** A whole request, as the text of something else. */
const INNER = `GET /ok HTTP/1.1\r\nHost: a\r\n${SPOOF}\r\n`
/** Several requests on one connection: what stands before the last one's line. */
const before = (text: string): Attempt => ({ path: `/ok HTTP/1.1\r\nHost: a\r\n${text}GET /ok` })

/** Beside the tricks of headers: those of where a request ends. */
const FRAMES: readonly Attempt[] = [
  before('\r\n'),
  before(`${SPOOF}\r\n`),
  before(`\r\n${INNER.repeat(20)}`),
  before(`Content-Length: ${INNER.length}\r\n\r\n${INNER}`),
  before(`Transfer-Encoding: chunked\r\n\r\n${INNER.length.toString(16)}\r\n${INNER}\r\n0\r\n\r\n`),
  before(`Transfer-Encoding: chunked\r\n\r\n0\r\n${SPOOF}\r\n`),
  before(`Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n`),
  before(`Expect: 100-continue\r\nContent-Length: ${INNER.length}\r\n\r\n${INNER}`),
  { method: 'POST', body: INNER },
  { method: 'POST', body: `${INNER.slice(0, -2)}X: `, headers: { Expect: '100-continue' } },
  { method: 'POST', body: INNER.repeat(4000) },
  { method: 'HEAD' },
  { method: 'OPTIONS', path: '*' },
  { method: 'x!#$%&' },
  { path: 'http://a/ok' },
  { path: `/ok?${'HTTP/1.1 '.repeat(3).replaceAll(' ', '%20')}` },
  { path: `/${'a'.repeat(7000)}` },
  { headers: { Upgrade: 'websocket', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': 'eA==' } },
  { headers: { Upgrade: 'h2c', 'HTTP2-Settings': 'AA', Connection: 'Upgrade, HTTP2-Settings' } },
  { headers: { 'X-Long': 'x'.repeat(7000), 'X-Forwarded-For': VICTIM } },
  {
    headers: {
      'X-A': ['b'.repeat(3000), 'c'.repeat(3000)],
      'X-Forwarded-For': [VICTIM, `${VICTIM},`.repeat(300)],
    },
  },
  { headers: { 'X-Forwarded-For': `${VICTIM}\0` } },
  { headers: { 'X-Forwarded-For': `${VICTIM}\r` } },
  { headers: { 'X-Forwarded-For': `${VICTIM}\n ${VICTIM}` } },
  { headers: { 'X-Forwarded-For': `a\r\n\r\n${INNER}` } },
]

/** On one port with connections that stay open, which a worker serves alone as long as they are. */
const SERVER: UwsgiOptions = {
  ...{ http: 3031, socket: 3032, workers: 8 },
  more: [['http11-socket', `${ADDRESSES.app.v4}:3033`]],
}

const FRONTS: Readonly<Record<string, (lab: Lab, uwsgi: Uwsgi) => Promise<[Front, string]>>> = {
  'nginx proxy_pass': async (lab, { http }) => [await lab.nginx({ to: [http] }), '--port 3031'],
  'nginx, kept connections, no buffers': async (lab, { http }) => {
    const more = ['proxy_request_buffering off;', 'proxy_buffering off;']
    return [await lab.nginx({ to: [{ ...http, port: 3033 }], keepalive: 8, more }), '--port 3033']
  },
  'nginx uwsgi_pass': async (lab, { socket }) => [
    await lab.nginx({ to: [socket], speaks: 'uwsgi' }),
    '--port 3032 --uwsgi REMOTE_ADDR',
  ],
  haproxy: async (lab, { http }) => [await lab.haproxy({ to: [http] }), '--port 3031'],
  'haproxy, kept connections': async (lab, { http }) => [
    await lab.haproxy({ to: [{ ...http, port: 3033 }] }),
    '--port 3033',
  ],
}

for (const [name, start] of Object.entries(FRONTS)) {
  kernelTest(`hostile requests behind ${name}`, ['nginx', 'haproxy', ...APP, ...BPF], async t => {
    const lab = await createLab(t)
    const [front, options] = await start(lab, await lab.uwsgi(SERVER))
    const bans = [ATTACKER, ATTACKER6, VICTIM, '9.9.9.9'].map(
      ip => `${JSON.stringify({ type: 'ban', ip })}\n`,
    )
    const argv = [
      'xff-ban',
      '--packets',
      'bpf',
      ...options.split(' '),
      '--state',
      `${lab.folder}/journal`,
    ] as const
    await lab.command(argv, { input: bans.join('') })
    const attempts: readonly Attempt[] = [
      ...FRAMES,
      ...TRICKS.map(({ method = 'GET', headers = {}, query = '' }) => ({
        method,
        headers,
        path: `/ok?a=1${query}`,
      })),
    ]
    const tried: Record<string, number> = { refused: 0, served: 0, 'left to the front end': 0 }
    const wrong: unknown[] = []
    for (const attempt of attempts) {
      for (const from of [ATTACKER, ATTACKER6, USER, USER6]) {
        const banned = from === ATTACKER || from === ATTACKER6
        const { status, body } = await lab.request({ ...attempt, from, to: front })
        const served = body.includes('the app says')
        const refused = body.includes('Forbidden\n') || (status === 403 && body === '')
        const outcome = served ? 'served' : refused ? 'refused' : 'left to the front end'
        tried[outcome] = (tried[outcome] ?? 0) + 1
        if (banned ? served : refused) wrong.push({ from, attempt, status, body: body.slice(0, 200) })
      }
    }
    t.comment(
      Object.entries(tried)
        .map(([outcome, count]) => `${count} ${outcome}`)
        .join(', '),
    )
    t.same(wrong.slice(0, 3), [], `${wrong.length} of ${4 * attempts.length} wrong`)
    for (const outcome of ['refused', 'served']) t.ok((tried[outcome] ?? 0) > attempts.length, outcome)
  })
}
