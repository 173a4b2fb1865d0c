/**
 * The package as a new user follows it: installed, then `xff-jail setup` for four apps of one machine, each behind another
 * front end, and what it says carried out. (From upgrade to purge: test/kernel/deb.ts.)
 */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import t from 'tap'
import { boot, type Inside } from '../support/booted.js'
import { buildPackages } from '../support/build-packages.js'
import { missing } from '../support/programs.js'
import { LIMIT, waitFor } from '../support/wait-for.js'

const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
const arch = process.arch === 'arm64' ? 'arm64' : 'amd64'
const noRoot = process.getuid?.() !== 0 && 'only root boots a systemd'
const skip =
  missing('systemd-analyze', 'python3', 'nginx', 'haproxy', 'uwsgi', 'dpkg-deb', 'bpftool') || noRoot
/** How long one test may take, in milliseconds: longer than any one of its waits. */
const timeout = 5 * LIMIT

const APP = `def application(environ, respond):
    respond('404 Not Found' if environ['PATH_INFO'] == '/none' else '200 OK', [])
    return [b'x']
`
const REAL_IP = 'set_real_ip_from 127.0.0.1; real_ip_header X-Client;'
const SITES = `server {
    listen 81;
    ${REAL_IP}
    location / { proxy_pass http://127.0.0.1:3031; proxy_set_header X-Forwarded-For $remote_addr; }
}
server {
    listen 82;
    ${REAL_IP}
    location / { uwsgi_pass unix:/run/uwsgi/app/sock/socket; include uwsgi_params; }
}
`
const HAPROXY = `global
    user haproxy
    group haproxy
defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
frontend web
    bind 127.0.0.1:83 accept-proxy
    http-request del-header ^x[-_]forwarded[-_]for$ -m reg
    option forwardfor
    default_backend app
backend app
    server app 127.0.0.1:3032
frontend more
    bind 127.0.0.1:84 accept-proxy
    http-request del-header ^x[-_]forwarded[-_]for$ -m reg
    option forwardfor
    default_backend file
backend file
    server app /run/uwsgi/app/hasock/http
`
/** The apps, by the port of their front end, with what their configuration says besides. */
const APPS = {
  web: { port: '81', ini: 'http-socket = 127.0.0.1:3031\nlog-x-forwarded-for = true\n' },
  sock: { port: '82', ini: '' },
  ha: {
    port: '83',
    ini: 'http-socket = 127.0.0.1:3032\nlog-x-forwarded-for = true\nadd-header = Connection: close\n',
  },
  hasock: {
    port: '84',
    ini: 'http-socket = /run/uwsgi/app/hasock/http\nlog-x-forwarded-for = true\nadd-header = Connection: close\n',
  },
} as const

/** Prints the status of an answer: in whose name, which port, which path. */
const REQUEST = `
import socket, sys
client, port, path = (word.encode() for word in sys.argv[1:])
c = socket.create_connection(("127.0.0.1", int(port)))
if port in (b"83", b"84"): c.sendall(b"PROXY TCP4 %s 192.0.2.1 1024 80\\r\\n" % client)
c.sendall(b"GET %s HTTP/1.0\\r\\nX-Client: %s\\r\\n\\r\\n" % (path, client))
print(c.recv(99).split()[1].decode())`

/** Starts the apps as Debian does, and what stands before them. */
async function startApps(inside: Inside): Promise<void> {
  await inside([
    'mkdir',
    '-p',
    '/etc/uwsgi/apps-enabled',
    '/run/uwsgi/app/sock',
    '/run/uwsgi/app/hasock',
    '/var/log/uwsgi/app',
  ])
  await inside(['tee', '/srv/app.py'], APP)
  for (const [name, { ini }] of Object.entries(APPS)) {
    const file = `/etc/uwsgi/apps-enabled/${name}.ini`
    const own = `[uwsgi]\nplugins = python3\nwsgi-file = /srv/app.py\nneed-app = true\n${ini}`
    await inside(['tee', file], own)
    const debian = ['--logto', `/var/log/uwsgi/app/${name}.log`, '--chmod-socket=666']
    const socket = name === 'sock' ? ['--socket', '/run/uwsgi/app/sock/socket'] : []
    await inside(['systemd-run', '--quiet', '--unit', name, 'uwsgi', '--ini', file, ...debian, ...socket])
  }
  await inside(['tee', '/etc/nginx/sites-enabled/default'], SITES)
  await inside(['tee', '/etc/haproxy/haproxy.cfg'], HAPROXY)
  await inside(['systemctl', 'start', 'nginx', 'haproxy'])
}

/** What is to be added elsewhere, by app. */
const ADDED: Partial<Record<string, ReturnType<typeof added>>> = {
  sock: [
    {
      file: '/etc/nginx/sites-enabled/default',
      where: 'in the server',
      lines: ['include /etc/nginx/banned-sock.conf;'],
    },
  ],
  hasock: [
    {
      ...{ file: '/etc/haproxy/haproxy.cfg', where: 'in global' },
      lines: ['stats socket /run/haproxy/admin.sock mode 660 level admin'],
    },
    {
      ...{ file: '/etc/haproxy/haproxy.cfg', where: 'in the frontend' },
      lines: [
        'http-request set-var(txn.now) date()',
        'http-request deny if { src,map_ip_int(/var/lib/xff-jail/hasock.map,0),sub(txn.now) gt 0 }',
      ],
    },
  ],
}

/** What a plan says to add to files of others. */
function added(plan: string) {
  return [...plan.matchAll(/^Add to (\S+), (.*):\n((?: {4}.*\n)+)/gm)].map(
    ([, file = '', where = '', text = '']) => ({
      ...{ file, where },
      lines: text.trim().split(/\n {4}/),
    }),
  )
}

t.test('what xff-jail setup says makes a jail of each app', { skip, timeout }, async t => {
  await buildPackages('deb')
  const inside = await boot(t)
  await inside(['ip', 'link', 'set', 'lo', 'up'])
  await inside(['dpkg', '--install', resolve(`build/deb/xff-jail_${version}_${arch}.deb`)])
  await startApps(inside)
  const ask = (client: string, port: string, path = '/') =>
    inside(['python3', '-c', REQUEST, client, port, path])
  for (const [name, { port }] of Object.entries(APPS)) {
    await waitFor(name, async () => (await ask('203.0.113.5', port)) === '200')
    const plan = await inside(['xff-jail', 'setup', name, '--write'])
    t.same(
      added(plan),
      ADDED[name] ?? [],
      `${name}: the lines for bans in the front end, where packets do not pass`,
    )
    for (const { file, where, lines } of added(plan)) {
      const line =
        where === 'in global' ? 'global' : where === 'in the server' ? `listen ${port};` : `.*:${port} .*`
      for (const text of lines.toReversed()) await inside(['sed', '-i', `\\|^ *${line}$|a ${text}`, file])
    }
    if (name in ADDED) await inside(['systemctl', 'reload', name === 'sock' ? 'nginx' : 'haproxy'])
    for (const [, step = ''] of plan.matchAll(/^ {2}(systemctl (?:daemon-reload|enable).*)$/gm))
      await inside(step.split(' '))
  }
  for (const [name, { port }] of Object.entries(APPS)) {
    for (let i = 0; i < 10; i++) t.equal(await ask('203.0.113.5', port, '/none'), '404')
    await waitFor(`the ban of ${name}`, async () => (await ask('203.0.113.5', port)) === '403')
    t.equal(await ask('203.0.113.6', port), '200', `${name}: a neighbour is served`)
    const status = JSON.parse(await inside(['xff-jail', 'status', name]))
    t.match(status, { jail: name, running: true, bans: 1, amiss: [] })
    t.match(await inside(['xff-jail', 'why', '203.0.113.5', '--jail', name]), '"bans":[{"type":"ban"')
    await inside(['xff-jail', 'unban', '203.0.113.5', '--jail', name])
    await waitFor('the end of it', async () => (await ask('203.0.113.5', port)) === '200')
  }
})
