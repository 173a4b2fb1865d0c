/** What the service says of itself: what keeps it from banning makes the unit fail that people look at, with the reason. */
import t from 'tap'
import { bootInstalled, type Inside } from '../support/booted.js'
import { blocksOf } from '../support/markdown.js'
import { missing } from '../support/programs.js'
import { LIMIT, waitFor } from '../support/wait-for.js'

const skip = missing('systemd-analyze') || (process.getuid?.() !== 0 && 'only root boots a systemd')
/** How long one test may take, in milliseconds: longer than any one of its waits. */
const timeout = 5 * LIMIT
const LOG = '/var/log/uwsgi/app/shop.log'
const SETTINGS = `LOG=${LOG}\nPARSE='--tz UTC'\nWINDOW='--max 3'\nBAN='--dry-run'\n`
const FOREIGN = '203.0.113.5 - - [22/Nov/2026:14:06:08 +0000] "GET /x HTTP/1.1" 404 3 "-" "curl"\n'

const put = (inside: Inside, file: string, text: string) => inside(['tee', file], text)
const told = (inside: Inside, unit: string) => inside(['journalctl', '--unit', unit, '--output', 'cat'])
const state = async (inside: Inside, unit: string) =>
  await inside(['systemctl', 'show', '--value', '--property', 'ActiveState', unit])

/** What xff-jail status says, whatever is amiss. */
const statusIn = async (inside: Inside, name: string) =>
  JSON.parse(await inside(['sh', '-c', `xff-jail status ${name} || [ $? = 1 ]`]))

t.test('a jail that could ban nobody does not start, and says why', { skip, timeout }, async t => {
  const inside = await bootInstalled(t)
  await inside(['mkdir', '-p', '/var/log/uwsgi/app'])
  const cases: [string, string, string | undefined, RegExp][] = [
    ['nolog', SETTINGS, undefined, /cannot read .*shop\.log: there is no such file/],
    ['hidden', SETTINGS.replace(LOG, '/root/shop.log'), '', /the service sees nothing below \/root/],
    ['parse', SETTINGS.replace('--tz UTC', '--tz Berlin'), '', /PARSE: uwsgi-parse: --tz: /],
    ['window', SETTINGS.replace('--max', '--mx'), '', /WINDOW: xff-window: unknown option "--mx"/],
    ['setting', SETTINGS.replace('WINDOW', 'WINDWO'), '', /unknown setting WINDWO \(did you mean WINDOW\?\)/],
    ['foreign', SETTINGS, FOREIGN.repeat(20), /none of 20 lines is a request, so nobody can be banned/],
  ]
  for (const [name, settings, log, reason] of cases) {
    const unit = `xff-jail@${name}`
    await put(inside, `/etc/xff-jail/${name}.conf`, settings)
    await inside(log === undefined ? ['rm', '-f', LOG] : ['tee', LOG], log)
    await t.rejects(inside(['systemctl', 'start', unit]), `${name} does not start`)
    await waitFor(`the reason of ${name}`, async () => reason.test(await told(inside, unit)))
    t.not(await state(inside, unit), 'active', `${name} does not look as if it banned`)
    await waitFor(`what status says of ${name}`, async () =>
      /starts it again|has failed/.test((await statusIn(inside, name)).amiss.join()),
    )
    t.not(await state(inside, `xff-jail-log@${name}`), 'active', 'and neither does its reader of the log')
    await inside(['systemctl', 'stop', unit])
  }

  // what the unit waits for before anything of it runs, once its log is one that can be read
  await put(inside, LOG, '')
  await put(inside, '/etc/xff-jail/slow.conf', SETTINGS.replace('--dry-run', '--on-ban true --on-unban true'))
  await inside(['mkfifo', '/run/go'])
  const slow = '/run/systemd/system/xff-jail@slow.service.d'
  await inside(['mkdir', slow])
  await put(inside, `${slow}/wait.conf`, '[Service]\nExecStartPre=+/bin/cat /run/go\n')
  await inside(['systemctl', 'daemon-reload'])
  await inside(['systemctl', 'start', '--no-block', 'xff-jail@slow'])
  await waitFor('a unit that starts', async () => (await state(inside, 'xff-jail@slow')) === 'activating')
  t.match(await statusIn(inside, 'slow'), {
    running: false,
    starting: true,
    amiss: [/^starting since \w+ \d/],
  })
  await put(inside, '/run/go', '')
  await waitFor('an xff-ban that answers', async () => (await statusIn(inside, 'slow')).running)
  t.notMatch(await statusIn(inside, 'slow'), { starting: true })
  await inside(['systemctl', 'stop', 'xff-jail@slow'])

  await put(inside, '/etc/xff-jail/shop.conf', SETTINGS)
  await inside(['rm', '-f', LOG])
  await t.rejects(inside(['systemctl', 'start', 'xff-jail@shop']))
  await put(inside, LOG, '')
  await waitFor(
    'the start, once the log is there',
    async () => (await state(inside, 'xff-jail@shop')) === 'active',
  )
  await waitFor('the reader of the log', async () => (await state(inside, 'xff-jail-log@shop')) === 'active')
  await put(inside, '/etc/xff-jail/shop.conf', SETTINGS.replace('--max', '--mx'))
  await inside(['systemctl', 'restart', 'xff-jail-log@shop'])
  await waitFor('the end of a jail whose settings were spoilt', async () =>
    /WINDOW: xff-window: unknown option "--mx"/.test(await told(inside, 'xff-jail@shop')),
  )
  t.not(await state(inside, 'xff-jail@shop'), 'active')
})

t.test(
  'a reload reaches all parts, and metrics that cannot be written end none',
  { skip, timeout },
  async t => {
    const inside = await bootInstalled(t)
    await inside(['mkdir', '-p', '/var/log/uwsgi/app'])
    await put(inside, LOG, '')
    await put(inside, '/etc/xff-jail/office', '192.0.2.1\n')
    await put(
      inside,
      '/etc/xff-jail/shop.conf',
      `LOG=${LOG}\nWINDOW='--ignore @/etc/xff-jail/office'\nBAN='--dry-run --metrics /var/lib/none/shop.prom'\n`,
    )
    await inside(['systemctl', 'start', 'xff-jail@shop'])
    await waitFor('what it says of its metrics', async () =>
      /--metrics: E[A-Z]+/.test(await told(inside, 'xff-jail@shop')),
    )
    await waitFor('the counts of the parser', () =>
      inside(['test', '-s', '/run/xff-jail-log/shop/window.prom']).then(() => true),
    )
    const pid = await inside(['systemctl', 'show', '--value', '--property', 'MainPID', 'xff-jail@shop'])
    await inside(['systemctl', 'reload', 'xff-jail@shop'])
    await waitFor('the ranges', async () => /ranges reloaded/.test(await told(inside, 'xff-jail-log@shop')))
    t.equal(await inside(['systemctl', 'show', '--value', '--property', 'MainPID', 'xff-jail@shop']), pid)
    t.equal(await state(inside, 'xff-jail@shop'), 'active')
  },
)

/** The configurations of the page, before setup has said that nginx lacks a line. */
const BLOCKS = blocksOf('share/front-ends/nginx-socket.md')
const pageHas = (language: string) => BLOCKS.find(block => block.language === language)?.text ?? ''
const INI = pageHas('ini')
const SITE = pageHas('nginx')
  .replace(/^.*xff-ban\n.*banned-shop\.conf;\n/m, '')
  .replace('server {', '$&\n    set_real_ip_from 127.0.0.1;\n    real_ip_header X-Client;')
const APP = `def application(environ, respond):
    respond('404 Not Found' if environ['PATH_INFO'] == '/none' else '200 OK', [])
    return [b'x']
`
/** Prints the status of an answer of nginx: in whose name, and which path is asked for. */
const REQUEST = `
import http.client, sys
c = http.client.HTTPConnection("127.0.0.1", 80); c.request("GET", sys.argv[2], headers={"X-Client": sys.argv[1]})
print(c.getresponse().status)`

t.test(
  'xff-jail setup tells all that nginx with a socket file needs, and the jail bans',
  { skip: skip || missing('nginx', 'uwsgi', 'python3'), timeout },
  async t => {
    const inside = await bootInstalled(t)
    const ask = (client: string, path: string) => inside(['python3', '-c', REQUEST, client, path])
    await inside([
      'mkdir',
      '-p',
      '/etc/uwsgi/apps-enabled',
      '/run/uwsgi/app/shop',
      '/var/log/uwsgi/app',
      '/srv',
    ])
    await put(inside, '/srv/app.py', APP)
    await put(inside, '/etc/uwsgi/apps-enabled/shop.ini', INI)
    await put(inside, '/etc/nginx/sites-enabled/default', SITE)
    const uwsgi = ['uwsgi', '--ini', '/etc/uwsgi/apps-enabled/shop.ini', '--chmod-socket=666']
    const places = ['--socket', '/run/uwsgi/app/shop/socket', '--logto', LOG]
    await inside(['systemd-run', '--quiet', '--unit', 'uwsgi', ...uwsgi, ...places])
    const nginx = ['nginx', '-g', 'daemon off;']
    await inside(['systemd-run', '--quiet', '--unit', 'web', ...nginx])
    await waitFor('the app', async () => (await ask('203.0.113.5', '/')) === '200')

    const plan = await inside(['xff-jail', 'setup', '--write'])
    const added = /^Add to (\S+), in the server:\n {4}(.*)$/m.exec(plan)
    t.equal(added?.[1], '/etc/nginx/sites-enabled/default')
    await put(inside, '/etc/nginx/sites-enabled/default', SITE.replace('server {', `$&\n${added?.[2]}`))
    await inside(['nginx', '-s', 'reload'])
    const steps = /^With these lines in their place:\n(?: {2}.*\n)+/m.exec(plan)?.[0] ?? ''
    const line = (start: string) =>
      steps
        .split('\n')
        .find(one => one.startsWith(`  ${start}`))
        ?.trim() ?? ''
    for (const start of ['systemctl daemon-reload', 'systemctl enable --now'])
      await inside(['sh', '-c', line(start)])

    for (let i = 0; i < 10; i++) t.equal(await ask('203.0.113.5', '/none'), '404')
    await waitFor('the ban', async () => (await ask('203.0.113.5', '/')) === '403')
    t.equal(await ask('203.0.113.6', '/'), '200', 'nobody else is')
    const known = JSON.parse(await inside(['sh', '-c', line('xff-jail status')]))
    t.match(known, { jail: 'shop', running: true, bans: 1, amiss: [] })
    t.match(await inside(['xff-jail', 'why', '203.0.113.5']), /"jail":"shop","bans":\[\{"type":"ban"/)
    await inside(['xff-jail', 'unban', '203.0.113.5'])
    await waitFor('the end of the ban', async () => (await ask('203.0.113.5', '/')) === '200')
    t.match(
      await inside(['xff-jail', 'setup', '--write']),
      /^\/etc\/xff-jail\/shop\.conf is there already:$/m,
    )
  },
)
