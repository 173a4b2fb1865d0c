/**
 * Behind every common front end, in every kind of layout, the client that uwsgi-parse finds is the address from
 * which the test made the request, whatever else the request says.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ATTACKER, ATTACKER6 } from './addresses.js'
import { createLab, type Front, type Lab } from './lab/lab.js'
import { APP, kernelTest } from './lab/needs.js'
import { clientsAreTrue, type Logged } from './lab/play-tricks.js'
import type { Uwsgi, UwsgiOptions } from './lab/uwsgi.js'

const NEEDS = ['nginx', 'haproxy', ...APP]

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
      await t.test(name, async t => clientsAreTrue(t, lab, app, front, [ATTACKER, ATTACKER6]))
    }
  })
}

interface App extends Logged {
  uwsgi: Uwsgi
}

async function startApp(lab: Lab, layout: Layout, forwarded: boolean): Promise<App> {
  const { options, argv, log } = layout(lab.folder, forwarded)
  // one worker writes its lines in the order of the requests
  const port = forwarded ? { http: 3031 } : { socket: 3032 }
  const uwsgi = await lab.uwsgi({ ...options, ...port, workers: 1 })
  return { uwsgi, log: log ?? uwsgi.log, argv }
}
