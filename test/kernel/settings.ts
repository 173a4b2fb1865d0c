/** The settings that keep clients from writing their own log: what happens without them, and that they help. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { blocksOf } from '../support/markdown.js'
import { waitFor } from '../support/wait-for.js'
import { ATTACKER, ATTACKER6, VICTIM } from './addresses.js'
import { createLab, type Lab } from './lab/lab.js'
import { APP, kernelTest } from './lab/needs.js'

const COMBINED =
  '%(addr) - %(user) [%(ltime)] "%(method) %(uri) %(proto)" %(status) %(size) "%(referer)" "%(uagent)"'

/** uWSGI's own `log-master-bufsize`. */
const BUFSIZE = 8192

kernelTest('HAProxy passes a NUL on, at which uWSGI ends the address', ['haproxy', ...APP], async t => {
  const lab = await createLab(t)
  const { http, log } = await lab.uwsgi()
  const plain = await lab.haproxy({ to: [http], port: 80 })
  const rule = 'http-request del-header ^x[-_]forwarded[-_]for$ -m reg'
  const set = await lab.haproxy({ to: [http], port: 81, more: [rule] })
  const headers = { 'X-Forwarded-For': `${VICTIM}\0` }
  for (const from of [ATTACKER, ATTACKER6]) {
    await lab.request({ from, to: plain, path: `/404?plain${from}`, headers })
    await lab.request({ from, to: set, path: `/404?set${from}`, headers })
    const found = await clients(lab, log, `/404?set${from}`)
    t.equal(found.get(`/404?plain${from}`), VICTIM, 'without the rule the victim is named')
    t.equal(found.get(`/404?set${from}`), from, 'with it the client')
  }
})

kernelTest('nginx drops the header by another name, unless told to pass it', ['nginx', ...APP], async t => {
  const lab = await createLab(t)
  const { http, log } = await lab.uwsgi({ workers: 1 })
  const headers = { X_Forwarded_For: VICTIM }
  for (const [port, server, client] of [
    [80, [], ATTACKER],
    [81, ['underscores_in_headers on;'], VICTIM],
    [82, ['ignore_invalid_headers off;'], VICTIM],
  ] as const) {
    const to = await lab.nginx({ to: [http], port, server })
    await lab.request({ from: ATTACKER, to, path: `/404?${port}`, headers })
    const found = await clients(lab, log, `/404?${port}`)
    t.equal(found.get(`/404?${port}`), client, server[0] ?? 'as nginx is made')
  }
})

kernelTest(
  'a second request hidden behind the first has a client of its own',
  ['nginx', 'haproxy', ...APP],
  async t => {
    const lab = await createLab(t)
    const { http, log } = await lab.uwsgi({ workers: 1 })
    // uWSGI ends a connection without a word, at times while HAProxy sends the second request on it
    const more = ['option http-server-close']
    const fronts = [await lab.nginx({ to: [http] }), await lab.haproxy({ to: [http], port: 81, more })]
    for (const to of fronts) {
      for (const from of [ATTACKER, ATTACKER6]) {
        const [first, second] = [`/404?first${to.port}${from}`, `/404?second${to.port}${from}`]
        const head = ` HTTP/1.1\r\nHost: app.example\r\nX-Forwarded-For: ${VICTIM}\r\n\r\n`
        await lab.request({
          from,
          to,
          path: `${first}${head}GET ${second}`,
          headers: { 'X-Forwarded-For': VICTIM },
        })
        const found = await clients(lab, log, second)
        t.same([found.get(first), found.get(second)], [from, from])
      }
    }
  },
)

kernelTest('a line that a logger has cut names nobody', ['nginx', ...APP], async t => {
  const lab = await createLab(t)
  for (const [bufsize, client] of [
    [BUFSIZE, null],
    [65_536, ATTACKER],
  ] as const) {
    const log = join(lab.folder, `${bufsize}.log`)
    const ini = join(lab.folder, `${bufsize}.ini`)
    writeFileSync(
      ini,
      `[uwsgi]\nplugin = logfile\nreq-logger = file:${log}\nlog-master-bufsize = ${bufsize}\n` +
        `log-x-forwarded-for = true\nlog-format = ${COMBINED}\n`,
    )
    const port = bufsize === BUFSIZE ? 3031 : 3032
    const { http } = await lab.uwsgi({ http: port, forwarded: false, workers: 1, more: [['ini', ini]] })
    const to = await lab.nginx({ to: [http], port: port - 3000 })
    // nginx puts ", " between the two, and the last byte that is not cut becomes the first of the next address
    const first = ','.repeat(BUFSIZE / 2)
    const second = `${','.repeat(BUFSIZE / 2 - 3)}2, ${VICTIM}`
    await lab.request({
      from: ATTACKER,
      to,
      path: '/404?cut',
      headers: { 'X-Forwarded-For': [first, second] },
    })
    await lab.request({ from: ATTACKER, to, path: '/404?next' })
    const found = await clients(lab, log, '/404?next', ['--ini', ini])
    const isGlued = readFileSync(log, 'latin1').includes(`,2${ATTACKER} - - `)
    t.equal(isGlued, client === null, client === null ? 'the next record is glued to it' : 'nothing is cut')
    t.equal(found.get('/404?next'), client, 'whose client is unknown, or true')
  }
})

kernelTest(
  'a URL too long for the line of uWSGI hides its client, unless the layout is spelled out',
  ['nginx', ...APP],
  async t => {
    const lab = await createLab(t)
    const [layout] = blocksOf('share/front-ends/uwsgi.md').filter(({ text }) => text.includes('log-format'))
    const spelled = join(lab.folder, 'spelled.ini')
    writeFileSync(spelled, `[uwsgi]\n${layout?.text}`)
    const long = `/404?${'a'.repeat(4_000)}`
    for (const [http, more, client] of [
      [3031, [], null],
      [3032, [['ini', spelled]], ATTACKER],
    ] as const) {
      const uwsgi = await lab.uwsgi({ http, more, workers: 1 })
      const to = await lab.nginx({ to: [uwsgi.http], port: http - 3000 })
      await lab.request({ from: ATTACKER, to, path: long })
      await lab.request({ from: ATTACKER6, to, path: '/404?next' })
      const found = await clients(lab, uwsgi.log, '/404?next')
      t.equal(found.get(client === null ? '-' : long), client)
      t.equal(found.get('/404?next'), ATTACKER6, 'the next one is known')
    }
  },
)

kernelTest('a user name that nobody has verified tears its record', ['nginx', ...APP], async t => {
  const lab = await createLab(t)
  const { socket, log } = await lab.uwsgi({ socket: 3032, forwarded: false, format: COMBINED, workers: 1 })
  const users = join(lab.folder, 'users')
  writeFileSync(users, 'bob:{PLAIN}secret\n')
  const more = ['uwsgi_param REMOTE_USER $remote_user;']
  const verified = [...more, 'auth_basic app;', `auth_basic_user_file ${users};`]
  const plain = await lab.nginx({ to: [socket], speaks: 'uwsgi', more })
  const verifying = await lab.nginx({ to: [socket], speaks: 'uwsgi', port: 81, more: verified })
  const as = (name: string) => ({
    Authorization: `Basic ${Buffer.from(`${name}:secret`).toString('base64')}`,
  })
  const forger = as(`x\n${VICTIM} - y`)

  await lab.request({ from: ATTACKER, to: plain, path: '/404?plain', headers: forger })
  const refusal = await lab.request({ from: ATTACKER, to: verifying, path: '/404?refused', headers: forger })
  await lab.request({ from: ATTACKER, to: verifying, path: '/404?bob', headers: as('bob') })
  const found = await clients(lab, log, '/404?bob', ['--log-format', COMBINED])
  t.match(
    readFileSync(log, 'latin1'),
    new RegExp(`^${VICTIM} - y \\[.*/404\\?plain`, 'm'),
    'the victim is named',
  )
  t.equal(found.get('/404?plain'), null, 'but not believed')
  t.equal(refusal.status, 401, 'with auth_basic nginx refuses')
  t.notOk(found.has('/404?refused'), 'and nothing is logged')
  t.equal(found.get('/404?bob'), ATTACKER, 'but of those it knows')
})

/** The clients that uwsgi-parse finds, by the URI, as soon as the last one is logged. */
async function clients(
  lab: Lab,
  log: string,
  last: string,
  argv: readonly string[] = [],
): Promise<Map<unknown, unknown>> {
  await waitFor(`${last} in the log`, () => readFileSync(log, 'latin1').includes(`${last} `))
  const input = readFileSync(log)
  const written = await lab.command(['uwsgi-parse', '--tally', '0', '--all', ...argv], { input })
  const records = written.split('\n').map(line => JSON.parse(line) as Record<string, unknown>)
  return new Map(records.map(({ uri, ip }) => [uri, ip]))
}
