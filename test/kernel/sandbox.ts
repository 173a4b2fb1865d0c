/** What code that runs inside the sandbox of a unit can reach: units are started with a probe in place of the command. */
import { spawnSync } from 'node:child_process'
import { execa } from 'execa'
import t, { type Test } from 'tap'
import '../support/cgroup.js'
import '../support/apart.js'
import { missing } from '../support/programs.js'
import { LIMIT, waitFor } from '../support/wait-for.js'

const skip =
  missing('systemd-analyze', 'python3') ||
  (process.getuid?.() !== 0 && 'only root boots a systemd') ||
  (spawnSync('unshare', ['--user', '--map-root-user', 'true']).status !== 0 &&
    'this machine refuses user namespaces')
const timeout = 5 * LIMIT

/** What an epoll descriptor shows in /proc that waits for stdin, among others. */
const WAITS_FOR_STDIN = /^tfd:\s+0\s/m

const PYTHON = (line: string) => `python3 -c 'import os, socket; ${line}'`
const connect = (path: string) => PYTHON(`socket.socket(socket.AF_UNIX).connect("${path}")`)
/** Opens for writing, which changes nothing: these files are those of the machine. */
const open = (path: string) => PYTHON(`os.open("${path}", os.O_WRONLY)`)
const create = (path: string) => `mkdir -p "$(dirname ${path})" && touch ${path}`

/** What is tried, each as a line of shell. */
const PROBES = {
  'write into /run': create('/run/probe'),
  'write a unit': create('/run/systemd/system/probe.service'),
  'write into /run/lock': create('/run/lock/probe'),
  'write into /dev/shm': create('/dev/shm/probe'),
  'write into /etc': create('/etc/probe'),
  'write into /var/lib': create('/var/lib/probe'),
  'write the log': open('/var/log/uwsgi/shop.log'),
  // for both, which does not wait for a reader
  'write the pipe of another jail': PYTHON('os.open("/run/xff-jail/other.bans", os.O_RDWR)'),
  'set a kernel parameter': open('/proc/sys/kernel/core_pattern'),
  'use sysrq': open('/proc/sysrq-trigger'),
  'set a parameter in /sys': open('/sys/kernel/mm/transparent_hugepage/enabled'),
  'connect to systemd': connect('/run/systemd/private'),
  'connect to D-Bus': connect('/run/dbus/system_bus_socket'),
  'connect to docker': connect('/run/docker.sock'),
  'connect to a service of the host': connect('/run/service.sock'),
  'make a unix socket': PYTHON('socket.socket(socket.AF_UNIX)'),
  'make an inet socket': PYTHON('socket.socket(socket.AF_INET)'),
  'make a netlink socket': PYTHON('socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)'),
  'enter the pins of others': 'ls /sys/fs/bpf/other',
  // what is hidden is an empty file
  'read a secret of root': 'grep -q secret /etc/xff-jail/webhook',
  'read the credential': 'grep -q secret "$CREDENTIALS_DIRECTORY/webhook"',
  'read the log': 'cat /var/log/uwsgi/shop.log',
  'write the journal of bans': create('/var/lib/xff-ban/probe'),
  'lock iptables': open('/run/xtables.lock'),
  'lock a name': create('/run/xff-ban/probe'),
  'pin a program': 'mkdir /sys/fs/bpf/xff-ban/probe && rmdir /sys/fs/bpf/xff-ban/probe',
  'pin elsewhere': create('/sys/fs/bpf/probe/probe'),
  'be root': '[ "$(id -u)" = 0 ]',
  'become another user': 'setpriv --reuid 1 --clear-groups true',
  'make a namespace': 'unshare --user true',
} as const
type Probe = keyof typeof PROBES

/** What a unit needs to do its work; everything else is refused. */
const ALLOWED: Readonly<Record<string, readonly Probe[]>> = {
  'xff-jail': [
    // the backends that speak to HAProxy
    'connect to a service of the host',
    'make a unix socket',
    'make an inet socket',
    'make a netlink socket',
    'write the journal of bans',
    'lock iptables',
    'lock a name',
    'pin a program',
  ],
  'xff-jail-log': ['read the log'],
  'xff-jail-notify': [
    'connect to a service of the host',
    'make a unix socket',
    'make an inet socket',
    'make a netlink socket',
    'read the credential',
  ],
}

const SCRIPT = [
  ...Object.entries(PROBES).map(
    ([name, line]) => `if (${line}) >/dev/null 2>&1; then echo "can ${name}" >&2; fi`,
  ),
  'echo probed >&2',
  'exec sleep 1000',
].join('\n')

/** Sockets that every user of the host may connect to. */
const LISTENERS = `
import os, socket
sockets = []
for path in ["/run/dbus/system_bus_socket", "/run/docker.sock", "/run/service.sock"]:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if os.path.exists(path): continue
    listener = socket.socket(socket.AF_UNIX); listener.bind(path); os.chmod(path, 0o666); listener.listen(); sockets.append(listener)
open("/run/listening", "w").close()
import signal; signal.pause()
`

async function boot(t: Test): Promise<(argv: string[], input?: string) => Promise<string>> {
  const { stdout: init } = await execa('test/support/systemd', ['boot'])
  t.teardown(() => process.kill(Number(init), 'SIGKILL'))
  return async (argv, input = '') =>
    (await execa('test/support/systemd', ['in', init, ...argv], { input })).stdout
}

t.test('a unit reaches what its work takes and nothing else', { skip, timeout }, async t => {
  const inside = await boot(t)
  const write = (file: string, text: string) => inside(['tee', file], text)
  await inside(['make', '-C', process.cwd(), 'install'])
  await inside(['mkdir', '-p', '/etc/xff-jail', '/var/log/uwsgi', '/run/xff-jail'])
  await inside(['install', '-m', '640', '-g', 'adm', '/dev/null', '/var/log/uwsgi/shop.log'])
  await inside(['mkfifo', '-m', '666', '/run/xff-jail/other.bans'])
  await inside(['mkdir', '/sys/fs/bpf/other'])
  await write(
    '/etc/xff-jail/shop.conf',
    "LOG=/var/log/uwsgi/shop.log\nBAN=--dry-run\nNOTIFY='--webhook @webhook'\n",
  )
  await write('/etc/xff-jail/webhook', 'http://user:secret@127.0.0.1:9/\n')
  await inside(['chmod', '600', '/etc/xff-jail/webhook'])
  await write('/usr/local/bin/listeners', LISTENERS)
  await inside(['systemd-run', '--quiet', '--unit', 'listeners', 'python3', '/usr/local/bin/listeners'])
  await waitFor('the sockets of the host', () => inside(['test', '-e', '/run/listening']).then(() => true))

  await write('/usr/local/bin/probe', SCRIPT)
  for (const unit of Object.keys(ALLOWED)) {
    const folder = `/etc/systemd/system/${unit}@shop.service.d`
    await inside(['mkdir', '-p', folder])
    await write(
      `${folder}/probe.conf`,
      '[Service]\nExecStart=\nExecStart=/bin/bash /usr/local/bin/probe\nRestart=no\n',
    )
  }
  await inside(['systemctl', 'daemon-reload'])
  // a reader of its pipe, which the probe is not, so that opening it for writing does not wait
  await inside(['systemctl', 'start', 'xff-jail@shop', 'xff-jail-notify@shop'])
  for (const [unit, allowed] of Object.entries(ALLOWED)) {
    const journal = () => inside(['journalctl', '--unit', `${unit}@shop`, '--output', 'cat'])
    await waitFor(`the probe of ${unit}@`, async () => (await journal()).includes('probed'))
    const reached = [...(await journal()).matchAll(/^can (.*)$/gm)].map(match => match[1])
    t.same(reached.sort(), [...allowed].sort(), `${unit}@`)
  }
})

t.test('a secret that root alone can read reaches xff-notify', { skip, timeout }, async t => {
  const inside = await boot(t)
  await inside(['make', '-C', process.cwd(), 'install'])
  await inside(['mkdir', '-p', '/etc/xff-jail'])
  const options = '--webhook @webhook --to slack:@slack --to gotify:@gotify'
  await inside(['tee', '/etc/xff-jail/shop.conf'], `NOTIFY='${options}'\n`)
  for (const [name, url] of [
    ['webhook', 'http://user:secret@127.0.0.1:9/'],
    ['slack', 'http://127.0.0.1:9/services/secret'],
    ['gotify', 'http://127.0.0.1:9/message?token=secret'],
  ] as const) {
    await inside(['tee', `/etc/xff-jail/${name}`], `${url}\n`)
    await inside(['chmod', '600', `/etc/xff-jail/${name}`])
  }
  await inside(['systemctl', 'daemon-reload'])
  await inside(['systemctl', 'start', 'xff-jail-notify@shop'])
  const show = (property: string) =>
    inside(['systemctl', 'show', '--value', '--property', property, 'xff-jail-notify@shop'])
  // only then does it end with a summary: Node itself catches SIGTERM from its start
  await waitFor('xff-notify reading its input', async () => {
    const files = await inside(['sh', '-c', `cat /proc/${await show('MainPID')}/fdinfo/*`])
    return WAITS_FOR_STDIN.test(files)
  })
  await inside(['systemctl', 'stop', 'xff-jail-notify@shop'])
  // what it wrote last comes to the journal a moment later
  const journal = () => inside(['journalctl', '--unit', 'xff-jail-notify@shop', '--output', 'cat'])
  await waitFor('the summary, with the server of the secret', async () => {
    const written = await journal()
    if (/0 records, 0 bans; slack: .*; gotify: .*; webhook 127\.0\.0\.1:9/.test(written)) return true
    throw new Error(`it wrote ${written}`)
  })
  t.notMatch(await journal(), /secret/)
  t.equal(await show('NRestarts'), '0', 'it was not refused')
})
