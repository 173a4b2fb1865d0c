/** `xff-ban check`: yes where a ban bites, and where it does not, the reason in words that name the cure. */
import { chmodSync, chownSync, existsSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Test } from 'tap'
import { pathsOf } from '../../lib/xff-ban/paths.js'
import { waitFor } from '../support/wait-for.js'
import { ATTACKER } from './addresses.js'
import { BPF } from './bpf/loaded.js'
import { attackUntilRefused } from './lab/attack.js'
import { type Checked, fails, holds, runCheck, type Step } from './lab/check.js'
import { createLab, type Front, type Lab } from './lab/lab.js'
import { APP, kernelTest, PACKET_FILTER } from './lab/needs.js'
import { ADDRESSES, type Endpoint, type Host } from './lab/network.js'
import type { NginxOptions } from './lab/nginx.js'
import type { Uwsgi, UwsgiOptions } from './lab/uwsgi.js'

const NEEDS = ['nginx', ...APP, ...BPF]

interface Options {
  uwsgi?: UwsgiOptions
  nginx?: Partial<NginxOptions>
}

interface Scene {
  lab: Lab
  uwsgi: Uwsgi
  front: Front
  state: string
  /** Runs xff-ban to its end: what it has made stays. */
  start: (...options: string[]) => Promise<string>
  check: (more?: readonly string[], where?: { log?: string; at?: Host; reads?: boolean }) => Promise<Checked>
}

/** Runs `xff-ban check` by way of a front end, on the app's host unless said. */
const checkOf =
  (lab: Lab, log: string, state: string) =>
  async (front: Endpoint, more: readonly string[] = [], at: Host = 'app'): Promise<Checked> => {
    const url = `http://${front.v4}:${front.port}/ok?a=1`
    const command = (argv: readonly [string, ...string[]]) => lab.command(argv, { at })
    return await runCheck(command, join(lab.folder, 'errors'), url, '--log', log, '--state', state, ...more)
  }

/** An app behind nginx. */
async function open(t: Test, { uwsgi: given = {}, nginx = {} }: Options = {}): Promise<Scene> {
  const lab = await createLab(t)
  const uwsgi = await lab.uwsgi(given)
  const front = await lab.nginx({ to: [uwsgi.http], forwarded: 'set', ...nginx })
  const state = join(lab.folder, 'journal')
  return {
    ...{ lab, uwsgi, front, state },
    start: (...options) => lab.command(['xff-ban', ...options, '--state', state]),
    check(more, { log = uwsgi.log, at, reads = false } = {}) {
      // as the pipeline does
      if (reads) lab.pipeline(`tail -F ${log} > /dev/null`)
      return checkOf(lab, log, state)(front, more, at)
    },
  }
}

kernelTest('where an attacker is refused, check says yes, and refuses nobody itself', NEEDS, async t => {
  const scene = await open(t)
  const { uwsgi, check, lab, state } = scene
  const pipeline = lab.pipeline(
    `tail -F ${uwsgi.log} | uwsgi-parse | xff-window | xff-ban --port 3031 --state ${state}`,
  )
  await waitFor('xff-ban', () => pipeline.written().stderr.includes('bans by bpf'))
  await attackUntilRefused(t, scene, ATTACKER)
  const checked = await check()
  holds(t, checked)
  t.equal(checked.client, ADDRESSES.app.v4)
  t.match(checked.of('client')?.what, /which is where the request came from; as such it is never banned/)
  t.equal(checked.of('ban point')?.what, `the kernel saw ${ADDRESSES.app.v4} ask at port 3031`)
  t.match(
    checked.stderr,
    /sends GET http:\/\/10\.77\.0\.1\/ok\?a=1&xff-ban-check=[0-9a-f]{16} to 10\.77\.0\.1/,
  )
  t.equal((await uwsgi.lines('xff-ban-check=', 2)).length, 2, 'both requests have reached the app')
  const again = await check()
  holds(t, again)
  await pipeline.kill(['xff-ban'])
  const left = await check([], { reads: true })
  holds(t, left)
  t.match(left.of('ban point')?.what, /no xff-ban xff-ban runs, and nobody is banned until one does/)
})

kernelTest(
  '--really bans who asks until that is seen, whatever enforces it',
  [...NEEDS, ...PACKET_FILTER],
  async t => {
    const { check, lab, uwsgi, state } = await open(t)
    for (const options of ['--port 3031', '--port 3031 --packets iptables']) {
      const pipeline = lab.pipeline(
        `tail -F ${uwsgi.log} | uwsgi-parse | xff-window | xff-ban ${options} --state ${state}`,
      )
      await waitFor('an xff-ban that takes orders', () => existsSync(pathsOf(state).socket))
      const here = await check(['--really'])
      t.match(here.of('ban point'), { ok: null, what: /which is never banned: private range/ }, options, here)
      const outside = await check(['--really'], { at: 'client' })
      holds(t, outside)
      t.equal(outside.client, '192.0.2.2')
      t.match(
        outside.of('ban point')?.what,
        /^192\.0\.2\.2 was banned and got .* instead of 200; without the ban it is served again$/,
      )
      t.equal(await lab.command(['xff-ban', 'list', '--state', state]), '', 'the ban has ended')
      await pipeline.kill(['tail'])
      await waitFor('the end of the pipeline', pipeline.ended)
    }
  },
)

kernelTest('a log is looked for by who writes and reads it', NEEDS, async t => {
  const { start, check, lab, uwsgi } = await open(t)
  await start('--port', '3031')
  chmodSync(uwsgi.log, 0o640)
  fails(t, await check(), 'log', /no process reads it, and only its owner and its group may/, /^chgrp adm /)
  const foreign = join(lab.folder, 'foreign.log')
  writeFileSync(foreign, '')
  const nobody = await check([], { log: foreign })
  fails(
    t,
    nobody,
    'log',
    /no process has it open for writing/,
    RegExp(`uwsgi \\(pid \\d+\\) writes to ${uwsgi.log}`),
  )
  fails(t, await check([], { log: join(lab.folder, 'none') }), 'log', /^there is no /, /writes to /)
  const other = lab.pipeline(`while sleep 0.1; do echo another app; done > ${foreign}`)
  fails(t, await check([], { log: foreign }), 'log', /other lines came, and none with the mark/, /writes to /)
  await other.end()
})

kernelTest('another layout is told', NEEDS, async t => {
  const format = '%(addr) [%(ctime)] "%(method) %(uri)" %(status) in %(msecs)'
  const { check } = await open(t, { uwsgi: { format } })
  fails(
    t,
    await check(),
    'reading',
    /the line is no request of uWSGI's own layout: /,
    /--ini FILE or --log-format/,
  )
  const read = await check(['--log-format', format])
  t.match(read.of('client'), { ok: true })
  const undated = await check(['--log-format', format.replace('%(ctime)', '%(var.X)')])
  fails(t, undated, 'client', /the line does not say when it was/, /%\(ltime\)/)
})

kernelTest('a header that is not logged is told', NEEDS, async t => {
  const { check } = await open(t, { uwsgi: { forwarded: false } })
  fails(
    t,
    await check(),
    'client',
    /^10\.77\.0\.1, and not 10\.77\.0\.2: private range/,
    /log-x-forwarded-for is off/,
  )
})

/** What stands for a CDN or a load balancer: it appends its own address. */
const behind = (edge: string): Options => ({
  nginx: { forwarded: 'appended', more: [`proxy_set_header X-Forwarded-For "$remote_addr, ${edge}";`] },
})

kernelTest('an edge in front is told from a client', NEEDS, async t => {
  const known = await open(t, behind('172.64.192.221'))
  fails(t, await known.check(), 'client', /^172\.64\.192\.221 is an edge of cloudflare/, /--trust cloudflare/)
  const unknown = await open(t, behind('198.51.100.80'))
  const what = /^198\.51\.100\.80 is a proxy that stands in front.*10\.77\.0\.2: not looked at/
  fails(t, await unknown.check(), 'client', what, /--trust 198\.51\.100\.80/)
  await unknown.start('--port', '3031')
  const other = await unknown.check(['--hops', '2'])
  fails(t, other, 'ban point', /another client than 10\.77\.0\.2, whom the log names/, /--trust and --hops/)
})

kernelTest('what the kernel does not see is told', NEEDS, async t => {
  const http = await open(t, { uwsgi: { http: 3032 } })
  await http.start('--port', '3031')
  fails(
    t,
    await http.check(),
    'ban point',
    /^nobody listens on port 3031 here, but uwsgi \(pid \d+\) on port 3032$/,
    /^--port 3032/,
  )
  await http.start('--port', '3032', '--header', 'X-Nothing')
  const missing = /port 3032 saw the request, and no client in header x-nothing/
  fails(t, await http.check(), 'ban point', missing, /--header NAME/)

  const binary = await open(t, { uwsgi: { http: 3031, socket: 3032, forwarded: false } })
  const pass = await binary.lab.nginx({ to: [binary.uwsgi.socket], speaks: 'uwsgi', port: 81 })
  await binary.start('--port', '3032')
  const checked = await checkOf(binary.lab, binary.uwsgi.log, binary.state)(pass)
  fails(t, checked, 'ban point', /what comes to port 3032 is not read as HTTP\/1/, /--uwsgi REMOTE_ADDR/)
})

kernelTest('the name of the jail is told', NEEDS, async t => {
  const { check, start } = await open(t)
  await start('--port', '3031', '--name', 'shop')
  const checked = await check(['--port', '3031'])
  t.match(checked.of('ban point'), {
    ok: null,
    what: /no jail xff-ban, but one that is called shop/,
    cure: /--name shop/,
  })
  t.equal(checked.exitCode, 1)
  holds(t, await check(['--port', '3031', '--name', 'shop'], { reads: true }))
})

kernelTest('on the host of the front end the request has an address of its own', NEEDS, async t => {
  const { check, lab, state } = await open(t, { nginx: { server: ['listen 127.0.0.1:80;'] } })
  await lab.command(['xff-ban', '--port', '3031', '--state', state], { at: 'edge' })
  const checked = await check([], { at: 'edge', reads: true })
  holds(t, checked)
  t.match(checked.client, /^127\.(?!0\.0\.1$)/)
})

kernelTest('an app in another network namespace is told', NEEDS, async t => {
  const { check, lab, state } = await open(t)
  await lab.command(['xff-ban', '--port', '3031', '--state', state], { at: 'inner' })
  const checked = await check([], { at: 'inner' })
  fails(
    t,
    checked,
    'ban point',
    /port 3031 saw nothing: uwsgi \(pid \d+\) listens there in another network namespace/,
    /nsenter --net=\/proc\/\d+\/ns\/net xff-ban/,
  )
})

kernelTest('a unix socket is told', NEEDS, async t => {
  const lab = await createLab(t)
  const [log, socket, state] = ['uwsgi.log', 'app.sock', 'journal'].map(name => join(lab.folder, name)) as [
    string,
    string,
    string,
  ]
  const app = resolve('test/kernel/lab/app.py')
  lab.pipeline(
    `exec uwsgi --plugin python3 --need-app --wsgi-file ${app} --socket ${socket} --chmod-socket=666 --logto ${log}`,
  )
  await waitFor('the socket', () => existsSync(socket))
  const front = await lab.configured(
    'nginx',
    `server { listen 80; location / { include /etc/nginx/uwsgi_params; uwsgi_pass unix:${socket}; } }`,
  )
  await lab.command(['xff-ban', '--port', '3031', '--state', state])
  const checked = await checkOf(lab, log, state)(front)
  fails(
    t,
    checked,
    'ban point',
    /but uwsgi \(pid \d+\) on \S+app\.sock, a unix socket, which no packet passes/,
    /--nginx FILE/,
  )
})

/** What an app that is an nginx itself listens for, and how a front end speaks it. */
const UNREAD: Readonly<
  Record<string, { listen: string; kind: 'nginx' | 'haproxy'; front: (app: string) => string }>
> = {
  TLS: {
    listen: 'ssl',
    kind: 'nginx',
    front: app => `server { listen 80; location / { proxy_pass https://${app}; } }`,
  },
  'HTTP/2': {
    listen: 'http2',
    kind: 'haproxy',
    front: app => behindHaproxy(`${app} proto h2`),
  },
  'the PROXY protocol': {
    listen: 'proxy_protocol',
    kind: 'haproxy',
    front: app => behindHaproxy(`${app} send-proxy-v2`),
  },
}

const behindHaproxy = (server: string) => `
frontend web
  bind :80
  default_backend app
backend app
  server app ${server}
`

for (const [name, { listen, kind, front }] of Object.entries(UNREAD)) {
  kernelTest(`${name} before the app is told`, [...NEEDS, 'haproxy', 'openssl'], async t => {
    const lab = await createLab(t)
    const [log, state, key, certificate] = ['access.log', 'journal', 'key', 'certificate'].map(file =>
      join(lab.folder, file),
    ) as [string, string, string, string]
    const request = 'req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=app'
    await lab.command(['openssl', ...request.split(' '), '-keyout', key, '-out', certificate])
    const app = await lab.configured(
      'nginx',
      `server {
        listen 3031 ${listen};
        ssl_certificate ${certificate}; ssl_certificate_key ${key};
        access_log ${log};
        location / { return 404; }
      }`,
      { at: 'app', port: 3031 },
    )
    const edge = await lab.configured(kind, front(`${app.v4}:3031`))
    await lab.command(['xff-ban', '--port', '3031', '--state', state])
    const checked = await checkOf(lab, log, state)(edge, ['--layout', 'nginx'])
    const what = `port 3031 gets ${name}, which the kernel program cannot read`
    fails(t, checked, 'ban point', RegExp(what), /^let the front end .*; or ban in the front end/)
  })
}

kernelTest('where only a ban would show it, check says what to do', NEEDS, async t => {
  const { check, lab, state } = await open(t)
  const unseen = (checked: Checked, cure: RegExp, what = /cannot be seen without one/) => {
    t.match(checked.of('ban point'), { ok: null, what, cure }, 'ban point', checked)
    t.equal(checked.exitCode, 1)
  }
  unseen(await check(), /^start it here/, /^no xff-ban xff-ban runs, and the kernel has no jail/)
  const folder = join(lab.folder, 'bans')
  const pipeline = lab.pipeline(`tail -f /dev/null | xff-ban --dir ${folder} --state ${state}`)
  await waitFor('an xff-ban that takes orders', () => existsSync(pathsOf(state).socket))
  unseen(
    await check(),
    /^10\.77\.0\.2 is never banned \(private range .*\): check with --really from a machine/,
  )
  unseen(
    await check([], { at: 'client' }),
    /^check again with --really: it bans 192\.0\.2\.2 for a few seconds/,
  )
  await pipeline.end()
})

kernelTest('a log that this user must not read is told', NEEDS, async t => {
  const { uwsgi, front, lab } = await open(t)
  chmodSync(uwsgi.log, 0o600)
  chownSync(uwsgi.log, 65534, 65534)
  const argv = ['check', `http://${front.v4}/ok`, '--log', uwsgi.log, '--wait', '1', '--port', '3031']
  const script = [
    'sh',
    '-c',
    'setpriv --bounding-set=-dac_override,-dac_read_search xff-ban "$@"; echo "$?"',
    'sh',
    ...argv,
  ] as const
  const lines = (await lab.command(script)).trimEnd().split('\n')
  t.equal(lines.pop(), '1')
  const log = JSON.parse(lines.join('\n')).steps.find(({ step }: Step) => step === 'log')
  t.match(log, { ok: false, what: /must not be read by this user/, cure: /^run it as root/ })
})
