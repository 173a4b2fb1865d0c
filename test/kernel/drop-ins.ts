/**
 * The drop-ins of xff-jail@ that come with us, each as a service: what the sandbox of the unit keeps a jail from otherwise.
 * The one of nginx is tried by test/kernel/service.ts, as xff-jail setup installs it.
 */
import t from 'tap'
import { bootInstalled, type Inside } from '../support/booted.js'
import { failure } from '../support/failure.js'
import { missing } from '../support/programs.js'
import { LIMIT, waitFor } from '../support/wait-for.js'

const skip =
  missing('systemd-analyze', 'python3') || (process.getuid?.() !== 0 && 'only root boots a systemd')
/** How long one test may take, in milliseconds: longer than any one of its waits. */
const timeout = 5 * LIMIT
const LOG = '/var/log/uwsgi/app/shop.log'
const NODE_EXPORTER = '/var/lib/prometheus/node-exporter'
const MAP = '/var/lib/xff-jail/banned.map'

const put = (inside: Inside, file: string, text: string) => inside(['tee', file], text)
const told = (inside: Inside, jail: string) =>
  inside(['journalctl', '--unit', `xff-jail@${jail}`, '--output', 'cat'])

/** Starts a jail with a drop-in, as its comment and xff-jail(7) say. */
async function start(inside: Inside, jail: string, ban: string, ...dropIns: string[]): Promise<void> {
  await inside(['mkdir', '-p', '/var/log/uwsgi/app', '/etc/xff-jail'])
  await inside(['touch', LOG])
  const settings = `LOG=${LOG}\nPARSE='--tz UTC'\nWINDOW='--max 3'\nBAN='${ban}'\n`
  await put(inside, `/etc/xff-jail/${jail}.conf`, settings)
  for (const name of dropIns) {
    const file = `/etc/systemd/system/xff-jail@${jail}.service.d/${name}.conf`
    await inside(['install', '-D', '-m', '644', `/usr/local/lib/xff-jail/drop-ins/${name}.conf`, file])
  }
  await inside(['systemctl', 'daemon-reload'])
  await inside(['systemctl', 'start', `xff-jail@${jail}`])
}

/** Whether a user without any right can read a file, as front ends and node_exporter. */
const readByOthers = (inside: Inside, file: string) =>
  inside(['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', 'cat', file])

t.test('files of bans, and metrics, are written where others read them', { skip, timeout }, async t => {
  const inside = await bootInstalled(t)
  await inside(['mkdir', '-p', NODE_EXPORTER])
  const options = `--dir /var/lib/xff-jail/edge --metrics ${NODE_EXPORTER}/edge.prom`
  await start(inside, 'edge', options, 'dir', 'metrics')
  const counted = /^xff_ban_build_info\{.*jail="edge".*\} 1$/m
  await waitFor('the metrics', async () =>
    counted.test(await readByOthers(inside, `${NODE_EXPORTER}/edge.prom`)),
  )
  await inside(['tee', '-a', LOG], failure('203.0.113.5').repeat(3))
  const ban = () => readByOthers(inside, '/var/lib/xff-jail/edge/203.0.113.5')
  await waitFor('the file of the ban', async () => /^\{"type":"ban"/.test(await ban()))
  t.equal(await inside(['ls', '/var/lib/xff-jail/edge']), '203.0.113.5', 'and of nobody else')
  t.not(await inside(['stat', '-c', '%U', '/var/lib/xff-jail/edge']), 'root', 'by a jail that is not root')
  await inside(['xff-jail', 'unban', '203.0.113.5'])
  await waitFor('the end of the file', async () => (await inside(['ls', '/var/lib/xff-jail/edge'])) === '')

  await inside(['rm', '-r', NODE_EXPORTER])
  await waitFor('what it says of a folder that is gone', async () =>
    /--metrics: E[A-Z]+/.test(await told(inside, 'edge')),
  )
  await inside(['tee', '-a', LOG], failure('203.0.113.6').repeat(3))
  await waitFor('a ban without metrics', async () =>
    (await inside(['ls', '/var/lib/xff-jail/edge'])).includes('203.0.113.6'),
  )

  const said = await inside(['make', '-C', process.cwd(), 'purge'])
  t.match(said, /^xff-jail: 1 bans stand, and end by themselves/m)
  t.match(said, /^ {4}xff-jail unban --jail edge 203\.0\.113\.6 /m)
  t.match(said, /^xff-jail: stops xff-jail@edge\.service/m)
  const places = ['/etc', '/run', '/var', '/sys/fs/bpf', '/usr/local']
  const isOurs = /\/(xff|uwsgi-parse)/
  const left = (await inside(['find', ...places, '-name', '*xff*'])).split('\n')
  t.same(
    left.filter(file => isOurs.test(file) && !file.startsWith(process.cwd())),
    [],
    'nothing is left',
  )
})

/** Debian's configuration of HAProxy, with the lines that share/front-ends/haproxy.md adds for bans in HAProxy. */
const HAPROXY = `
global
  chroot /var/lib/haproxy
  stats socket /run/haproxy/admin.sock mode 660 level admin
  user haproxy
  group haproxy
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend web
  bind 127.0.0.1:80 accept-proxy
  http-request set-var(txn.now) date()
  http-request deny if { src,map_ip_int(${MAP},0),sub(txn.now) gt 0 }
  http-request return status 200
`
/** Prints the status of an answer of HAProxy to a client whose address a proxy before it has passed on. */
const REQUEST = `
import socket, sys
c = socket.create_connection(("127.0.0.1", 80))
c.sendall(b"PROXY TCP4 %s 192.0.2.1 1024 80\\r\\nGET / HTTP/1.0\\r\\n\\r\\n" % sys.argv[1].encode())
print(c.recv(99).split()[1].decode())`

t.test('HAProxy is told of bans as it runs', { skip: skip || missing('haproxy'), timeout }, async t => {
  const inside = await bootInstalled(t)
  const ask = (client: string) => inside(['python3', '-c', REQUEST, client])
  await put(inside, '/etc/haproxy/haproxy.cfg', HAPROXY)
  await inside(['install', '-D', '/dev/null', MAP])
  await inside(['systemctl', 'start', 'haproxy'])
  await waitFor('HAProxy', async () => (await ask('203.0.113.5')) === '200')
  await start(inside, 'edge', `--haproxy /run/haproxy/admin.sock --map ${MAP}`, 'haproxy')
  await inside(['tee', '-a', LOG], failure('203.0.113.5').repeat(3))
  await waitFor('the ban', async () => (await ask('203.0.113.5')) === '403')
  t.equal(await ask('203.0.113.6'), '200', 'nobody else is banned')
  await inside(['systemctl', 'restart', 'haproxy'])
  await waitFor('the ban after a restart', async () => (await ask('203.0.113.5')) === '403')
  t.not(await inside(['stat', '-c', '%U', MAP]), 'root', 'the jail is not root')
  await inside(['xff-jail', 'unban', '203.0.113.5'])
  await waitFor('the end of the ban', async () => (await ask('203.0.113.5')) === '200')
})
