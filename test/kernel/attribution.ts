/**
 * Behind every common front end, in every kind of layout, the client that uwsgi-parse finds is the address from
 * which the test made the request, whatever else the request says.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { ATTACKER, ATTACKER6 } from './lab/cast.js'
import { TRICKS, type Trick } from './lab/hostile.js'
import { createLab, type Front, type Lab } from './lab/lab.js'
import { APP, kernelTest } from './lab/needs.js'
import { isFromApp } from './lab/request.js'
import { until } from './lab/until.js'
import type { Uwsgi, UwsgiOptions } from './lab/uwsgi.js'

const NEEDS = ['nginx', 'haproxy', ...APP]

/** How many requests are on their way at a time. */
const ABREAST = 16

/** How a uWSGI logs, and how its log is read. */
interface Logging {
  options: Omit<UwsgiOptions, 'http' | 'socket'>
  /** the options of uwsgi-parse */
  argv: readonly string[]
  /** where the log is, if not where the lab puts it */
  log?: string
}

/** @param forwarded what is right for the front end: `log-x-forwarded-for`, or off with uwsgi_pass */
type Layout = (folder: string, forwarded: boolean) => Logging

const own: Layout = (_, forwarded) => ({ options: { forwarded }, argv: [] })

const byString =
  (format: string, apart = false): Layout =>
  (_, forwarded) => ({
    options: { format, forwarded: forwarded && !apart },
    argv: ['--log-format', format],
  })

const byIni =
  (format: string): Layout =>
  (folder, forwarded) => {
    const ini = join(folder, `${forwarded ? 'forwarded' : 'plain'}.ini`)
    writeFileSync(ini, `[uwsgi]\nlog-x-forwarded-for = ${forwarded}\nlog-format = ${format}\n`)
    return { options: { forwarded: false, more: [['ini', ini]] }, argv: ['--ini', ini] }
  }

const encoded: Layout = (folder, forwarded) => {
  const log = join(folder, `${forwarded ? 'forwarded' : 'plain'}.log`)
  const logger = [
    ['plugin', 'logfile'],
    ['logger', `file:${log}`],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: uWSGI fills it in
    ['log-encoder', 'json {"unix":${unix},"msg":"${msg}"}'],
    ['log-encoder', 'nl'],
  ] as const
  return { options: { forwarded, more: logger }, argv: ['--field', 'msg'], log }
}

const LAYOUTS: Readonly<Record<string, Layout>> = {
  "uWSGI's own layout": own,
  'a layout like that of Apache': byString(
    '%(addr) - %(user) [%(ltime)] "%(method) %(uri) %(proto)" %(status) %(size) "%(referer)" "%(uagent)"',
  ),
  'the header and the socket apart': byString(
    '%(epoch) %(var.HTTP_X_FORWARDED_FOR) | %(addr) "%(method) %(uri)" %(status) "%(uagent)"',
    true,
  ),
  'a layout like JSON, by its ini file': byIni(
    '{"at":%(epoch),"took":%(micros),"ip":"%(addr)","user":"%(user)","status":%(status),' +
      '"request":"%(method) %(uri)","load":"0%%","agent":"%(uagent)"}',
  ),
  'a log encoder that writes JSON': encoded,
}

/** A front end, and whether the uWSGI behind it has to log the header. */
interface FrontKind {
  forwarded: boolean
  start: (lab: Lab, uwsgi: Uwsgi) => Promise<Front>
}

const FRONTS: Readonly<Record<string, FrontKind>> = {
  'nginx with proxy_pass': { forwarded: true, start: (lab, { http }) => lab.nginx({ to: [http] }) },
  'nginx with uwsgi_pass': {
    forwarded: false,
    start: (lab, { socket }) => {
      const more = ['uwsgi_param REMOTE_USER $remote_user;']
      return lab.nginx({ to: [socket], speaks: 'uwsgi', port: 81, more })
    },
  },
  HAProxy: { forwarded: true, start: (lab, { http }) => lab.haproxy({ to: [http], port: 82 }) },
  'nginx with upstream keepalive': {
    forwarded: true,
    start: (lab, { http }) => lab.nginx({ to: [http], keepalive: 8, port: 83 }),
  },
  'nginx behind nginx': {
    forwarded: true,
    start: async (lab, { http }) => {
      const inner = await lab.nginx({ at: 'inner', to: [http] })
      return lab.nginx({ to: [inner], port: 84 })
    },
  },
}

for (const [name, layout] of Object.entries(LAYOUTS)) {
  kernelTest(name, NEEDS, async t => {
    const lab = await createLab(t)
    const apps = { true: await startApp(lab, layout, true), false: await startApp(lab, layout, false) }
    for (const [name, { forwarded, start }] of Object.entries(FRONTS)) {
      const app = apps[`${forwarded}`]
      const front = await start(lab, app.uwsgi)
      await t.test(name, async t => tellsTrue(t, lab, app, front))
    }
  })
}

/** A uWSGI, and how to read its log. */
interface App {
  uwsgi: Uwsgi
  log: string
  argv: readonly string[]
}

async function startApp(lab: Lab, layout: Layout, forwarded: boolean): Promise<App> {
  const { options, argv, log } = layout(lab.folder, forwarded)
  // one worker writes its lines in the order of the requests
  const port = forwarded ? { http: 3031 } : { socket: 3032 }
  const uwsgi = await lab.uwsgi({ ...options, ...port, workers: 1 })
  return { uwsgi, log: log ?? uwsgi.log, argv }
}

/** A request that was made, and what its record has to say. */
interface Sent {
  trick: Trick
  ip: string
  status: number
  method: string
}

let lastId = 0

/** Plays every trick from both families, and compares what uwsgi-parse makes of them with what was done. */
async function tellsTrue(t: Test, lab: Lab, app: App, front: Front): Promise<void> {
  const sent = new Map<number, Sent>()
  let refused = 0
  const play = async (trick: Trick, from: string) => {
    const id = ++lastId
    const status = [404, 500, 403][id % 3] as number
    const path = `/${status}?id=${id}.${trick.query ?? ''}`
    const { query: _, pieces: __, ...request } = trick
    const answer = await lab.request({ ...request, from, to: front, path, within: 10_000 })
    // what a front end refuses is not logged
    if (!isFromApp(answer)) refused += 1
    else sent.set(id, { trick, ip: from, status, method: trick.method ?? 'GET' })
  }
  const games = [ATTACKER, ATTACKER6].flatMap(from => TRICKS.map(trick => () => play(trick, from)))
  for (let i = 0; i < games.length; i += ABREAST)
    await Promise.all(games.slice(i, i + ABREAST).map(game => game()))
  await play({}, ATTACKER)
  await until('the last line of the log', () => readFileSync(app.log, 'latin1').includes(`?id=${lastId}.`))

  const input = readFileSync(app.log)
  const written = await lab.command(['uwsgi-parse', '--all', ...app.argv], { input })
  const wrong: unknown[] = []
  let unknown = 0
  for (const line of written.split('\n')) {
    const { ip, status, method } = JSON.parse(line)
    const id = Number(/\?id=(\d+)\./.exec(line)?.[1])
    const truth = sent.get(id)
    // of a line that was too long for uWSGI nothing is left to know it by
    if (Number.isNaN(id) && ip !== null) wrong.push({ line })
    if (!truth) continue
    sent.delete(id)
    if (ip === null) unknown += 1
    const isRight =
      ip === truth.ip && status === truth.status && (method === truth.method || truth.trick.pieces)
    if (!isRight && !(ip === null && truth.trick.pieces)) wrong.push({ truth, line })
  }
  const lost = [...sent.values()].filter(({ trick }) => !trick.long && !trick.torn)
  t.same(wrong, [], 'every client is the true one, or unknown where there are two readings')
  t.same(lost, [], 'every request has its record')
  t.comment(`${games.length} requests, ${refused} refused, ${unknown} unknown`)
}
