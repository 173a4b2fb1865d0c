/** What xff-jail setup understands of the files of others; what it asks at a terminal is tried in setup-questions.ts. */
import { createServer } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { parseEndpoint, reaches } from '../../lib/xff-jail/setup/endpoint.js'
import { haproxyPasses } from '../../lib/xff-jail/setup/haproxy.js'
import { machineAt } from '../../lib/xff-jail/setup/machine.js'
import { nginxPasses } from '../../lib/xff-jail/setup/nginx.js'
import { setUp } from '../../lib/xff-jail/setup/setup.js'
import { missing } from '../support/programs.js'
import { tempDir } from '../support/temp-dir.js'

t.test('places are compared as a connection would', async t => {
  const cases: [string, string, boolean][] = [
    ['127.0.0.1:3031', ':3031', true],
    ['localhost:3031', '127.0.0.1:3031', true],
    ['10.0.0.2:3031', '0.0.0.0:3031', true],
    ['10.0.0.2:3031', '127.0.0.1:3031', false],
    ['[::1]:3031', '[::]:3031', true],
    ['127.0.0.1:3031', '127.0.0.1:3032', false],
    ['unix:///var/run/app', '/run/app', true],
    ['unix:/run/app', ':80', false],
  ]
  for (const [asked, bound, is] of cases) {
    const [one, other] = [parseEndpoint(asked), parseEndpoint(bound)]
    t.ok(one && other, asked)
    if (one && other) t.equal(reaches(one, other), is, `${asked} ${bound}`)
  }
  t.equal(parseEndpoint('$upstream:80'), undefined)
})

t.test('nginx is read with its includes, its quotes and what is inherited', async t => {
  const root = tempDir(t, {
    etc: {
      nginx: {
        'nginx.conf': `http { proxy_set_header X-Forwarded-For $remote_addr; # } not an end
          log_format x 'a; b { "c" }'; include nginx.conf; include conf.d/*; }`,
        'conf.d': {
          one: 'server { listen [::]:8080; location / { proxy_pass http://127.0.0.1:1; } }',
          two: 'server { listen 443 ssl; proxy_set_header Host $host; location / { if ($x) { proxy_pass http://a:2; } } }',
          three:
            'upstream b { server 10.0.0.1:3; server unix:/run/b; } server { location / { uwsgi_pass b; } ',
        },
      },
    },
  })
  const passes = nginxPasses(machineAt(root)).map(({ to, client, listens }) => ({ to, client, listens }))
  const client = '$remote_addr'
  t.same(passes, [
    { to: { host: '127.0.0.1', port: 1 }, client, listens: { port: 8080, isTls: false } },
    { to: { host: '10.0.0.1', port: 3 }, client: undefined, listens: { port: 80, isTls: false } },
    { to: { path: '/run/b' }, client: undefined, listens: { port: 80, isTls: false } },
    { to: { host: 'a', port: 2 }, client: undefined, listens: { port: 443, isTls: true } },
  ])
})

t.test('HAProxy is read whether its lines are indented or not', async t => {
  const text =
    'defaults\noption forwardfor\nlisten web\nbind :81\nhttp-request del-header x-forwarded-for\nserver a 127.0.0.1:3031\n'
  const [pass, ...more] = haproxyPasses(machineAt(tempDir(t, { etc: { haproxy: { 'haproxy.cfg': text } } })))
  t.match(pass, { isForwarding: true, isRemoving: true, port: 81, to: { port: 3031 } })
  t.same(more, [])
})

t.test('what listens is known', { skip: missing('ss') }, async t => {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  t.ok(
    machineAt('/')
      .listeners()
      .some(one => one.port === port),
  )
  t.same(machineAt(tempDir(t)).listeners(), [], 'of another machine nothing is')
})

t.test('a log that is not there is told, and the command that writes has all that was given', async t => {
  const ini = join(tempDir(t, { 'shop.ini': '[uwsgi]\nhttp-socket = :3031\n' }), 'shop.ini')
  const given = {
    ini,
    front: 'nginx' as const,
    log: '/none/shop.log',
    trust: ['cloudflare'],
    folder: '/none',
  }
  const rest = { name: undefined, root: '/', dropIns: 'share/drop-ins', port: undefined, ask: undefined }
  const said = await setUp({ ...given, ...rest, write: false })
  t.match(said, /^ {2}- \/none\/shop\.log is not there now$/m)
  const command = `xff-jail setup shop --folder /none --ini ${ini} --front nginx --log /none/shop.log --trust cloudflare --trust private --write`
  t.ok(said.includes(`\n  ${command}\n`), said)
})
