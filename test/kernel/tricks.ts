/**
 * Where uwsgi-parse knows from uWSGI's ini file how the front end reaches it, every trick that reaches the app ends in
 * its sender, whatever the front end does with the header: no victim is named, and nobody hides.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { OWN_LOG_FORMAT } from '../../lib/uwsgi-parse/layout/uwsgi.js'
import { ATTACKER, ATTACKER6 } from './addresses.js'
import { TRICKS } from './lab/hostile.js'
import { createLab, type Front, type Lab } from './lab/lab.js'
import { APP, kernelTest } from './lab/needs.js'
import { ADDRESSES } from './lab/network.js'
import { clientsAreTrue, type Logged } from './lab/play-tricks.js'
import type { Uwsgi } from './lab/uwsgi.js'

/** In milliseconds: hundreds of requests through a dozen of front ends. */
const PATIENCE_MS = 600_000

/** The same request by nginx replaced, or appended to. */
const REPLACES = ['proxy_set_header X-Forwarded-For $remote_addr;']
const CADDY = `http://:86 {
	reverse_proxy ${ADDRESSES.app.v4}:3031 {
		header_up -X_Forwarded_For
		header_up -X-Forwarded_For
		header_up -X_Forwarded-For
		transport http {
			versions 1.1
		}
	}
}`
const APACHE = `
<VirtualHost *:80>
  RequestHeader unset X-Forwarded-For early
  ProxyPass / http://${ADDRESSES.app.v4}:3031/
</VirtualHost>`

type Start = (lab: Lab, uwsgi: Uwsgi) => Promise<Front>

const OVER_HTTP: Readonly<Record<string, Start>> = {
  'nginx that appends': (lab, { http }) => lab.nginx({ to: [http], port: 85 }),
  'nginx that replaces': (lab, { http }) => lab.nginx({ to: [http], port: 81, more: REPLACES }),
  'nginx behind nginx': async (lab, { http }) => {
    const inner = await lab.nginx({ at: 'inner', to: [http] })
    return lab.nginx({ to: [inner], port: 82 })
  },
  'HAProxy that appends': (lab, { http }) => lab.haproxy({ to: [http], port: 83 }),
  'HAProxy that replaces': (lab, { http }) =>
    lab.haproxy({ to: [http], port: 84, more: ['http-request del-header ^x[-_]forwarded[-_]for$ -m reg'] }),
  Caddy: lab => lab.configured('caddy', CADDY, { port: 86 }),
  Apache: lab => lab.configured('apache2', APACHE),
}

const OVER_UWSGI: Readonly<Record<string, Start>> = {
  'nginx with uwsgi_pass': (lab, { socket }) =>
    lab.nginx({ to: [socket], speaks: 'uwsgi', port: 90, more: ['uwsgi_param REMOTE_USER $remote_user;'] }),
}

/** Whether a line has uWSGI's limit of 4096 bytes, and the lines of its ini file. */
const LOGS: Readonly<Record<string, { isUnlimited: boolean; lines: readonly string[] }>> = {
  "uWSGI's own lines": { isUnlimited: false, lines: [] },
  'the log-format without a limit': {
    isUnlimited: true,
    lines: ['log-master-bufsize = 65536', `log-format = ${OWN_LOG_FORMAT}`],
  },
}

for (const [name, { isUnlimited, lines }] of Object.entries(LOGS)) {
  kernelTest(
    `every trick ends in its sender, by ${name}`,
    ['nginx', 'haproxy', 'caddy', 'apache2', ...APP],
    async t => {
      const lab = await createLab(t)
      const start = async (port: { http: number } | { socket: number }, settings: readonly string[]) => {
        const ini = `[uwsgi]\n${['plugin = logfile', 'req-logger = file:LOG', 'workers = 1', 'listen = 100', 'max-vars = 256', ...settings, ...lines].join('\n')}\n`
        const uwsgi = await lab.uwsgi({ ...port, ini })
        const file = join(lab.folder, `${'http' in port ? 'http' : 'uwsgi'}.ini`)
        writeFileSync(file, ini)
        const logged: Logged = { log: uwsgi.log, argv: ['--ini', file], isExact: true, isUnlimited }
        return { uwsgi, logged }
      }
      const at = ADDRESSES.app.v4
      const http = await start({ http: 3031 }, [
        `http-socket = ${at}:3031`,
        'log-x-forwarded-for = true',
        'add-header = Connection: close',
      ])
      const uwsgi = await start({ socket: 3032 }, [`socket = ${at}:3032`, 'log-x-forwarded-for = false'])
      for (const [fronts, { uwsgi: app, logged }] of [
        [OVER_HTTP, http],
        [OVER_UWSGI, uwsgi],
      ] as const) {
        for (const [front, start] of Object.entries(fronts)) {
          const to = await start(lab, app)
          const from = front === 'nginx that appends' ? [ATTACKER, ATTACKER6] : [ATTACKER]
          await t.test(`${TRICKS.length} tricks by ${front}`, async t =>
            clientsAreTrue(t, lab, logged, to, from),
          )
        }
      }
    },
    PATIENCE_MS,
  )
}
