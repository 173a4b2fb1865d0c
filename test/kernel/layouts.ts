/** Access logs of real servers are read by name: each names who sent a request, whatever that says of itself. */
import { join } from 'node:path'
import { waitFor } from '../support/wait-for.js'
import { ATTACKER, ATTACKER6, USER, VICTIM } from './addresses.js'
import type { Kind } from './lab/front-ends.js'
import { createLab, type Lab } from './lab/lab.js'
import { kernelTest } from './lab/needs.js'
import { ADDRESSES } from './lab/network.js'

/** What clients send who know how they are logged. */
const HOSTILE = [
  `x" 200 5 "-" "-" "${VICTIM}`,
  `${VICTIM}, ${VICTIM}`,
  `" "${VICTIM}" | ${VICTIM} - - [22/Nov/2026:14:06:08 +0000] "GET / HTTP/1.1" 404 3 "-" "x"`,
  `\\" {} ${VICTIM}:80 \x1b[31m\xff`,
  '\\',
]

interface Server {
  layout: string
  needs: string
  kind: Kind
  /** its configuration: every request is answered with 404 and logged to this file */
  configuration: (log: string) => string
}

const SERVERS: readonly Server[] = [
  {
    layout: 'nginx',
    needs: 'nginx',
    kind: 'nginx',
    configuration: log =>
      `server { listen 80; listen [::]:80; access_log ${log}; location / { return 404; } }`,
  },
  {
    layout: 'nginx-main',
    needs: 'nginx',
    kind: 'nginx',
    configuration: log => `
      log_format main '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" '
                      '"$http_user_agent" "$http_x_forwarded_for"';
      server { listen 80; listen [::]:80; access_log ${log} main; location / { return 404; } }`,
  },
  {
    layout: 'apache',
    needs: 'apache2',
    kind: 'apache2',
    configuration: log =>
      `CustomLog ${log} "%h %l %u %t \\"%r\\" %>s %b \\"%{Referer}i\\" \\"%{User-Agent}i\\""\nDocumentRoot /srv`,
  },
  {
    layout: 'apache',
    needs: 'apache2',
    kind: 'apache2',
    configuration: log =>
      `CustomLog ${log} "%v:%p %h %l %u %t \\"%r\\" %>s %O \\"%{Referer}i\\" \\"%{User-Agent}i\\""\nDocumentRoot /srv`,
  },
  {
    layout: 'haproxy',
    needs: 'haproxy',
    kind: 'haproxy',
    configuration: () => `
frontend front
  log stdout format raw local0
  option httplog
  capture request header User-Agent len 200
  bind :80
  bind :::80 v6only
  http-request return status 404`,
  },
  {
    layout: 'caddy',
    needs: 'caddy',
    kind: 'caddy',
    configuration: log => `:80 {\nlog {\noutput file ${log}\n}\nrespond 404\n}`,
  },
]

/** Makes the requests; returns who sent them, in order. */
async function attack(lab: Lab, to = { ...ADDRESSES.edge, port: 80 }): Promise<string[]> {
  const senders: string[] = []
  for (const [i, text] of HOSTILE.entries()) {
    for (const from of [ATTACKER, ATTACKER6, USER]) {
      const basic = Buffer.from(`${text}:x`, 'latin1').toString('base64')
      const headers = {
        'X-Forwarded-For': text.includes('\x1b') ? VICTIM : text,
        'User-Agent': text.replace('\x1b', ''),
        Referer: text.replace('\x1b', ''),
        Authorization: `Basic ${basic}`,
      }
      await lab.request({ from, to, path: `/${i}?${encodeURIComponent(text)}`, headers })
      senders.push(from)
    }
  }
  return senders
}

for (const [i, { layout, needs, kind, configuration }] of SERVERS.entries()) {
  kernelTest(`${kind}, layout ${layout} (${i}): every request names its sender`, [needs], async t => {
    const lab = await createLab(t)
    const log = join(lab.folder, 'access.log')
    const front = await lab.configured(kind, configuration(log))
    const senders = await attack(lab)
    const read = async () => {
      const input = kind === 'haproxy' ? front.program.written().stdout : undefined
      const line = `uwsgi-parse --tally 0 --layout ${layout} ${input === undefined ? `< ${log}` : ''}`
      const written = await lab.command(['sh', '-c', line], input === undefined ? {} : { input })
      const records = written
        .split('\n')
        .filter(Boolean)
        .map(text => JSON.parse(text))
      return records.length === senders.length && records
    }
    const records = await waitFor('a record of each request', read)
    t.same(
      records.map(({ ip, status }) => ({ ip, status })),
      senders.map(ip => ({ ip, status: 404 })),
    )
    t.ok(
      records.every(({ uri }, n) => uri.startsWith(`/${Math.floor(n / 3)}?`)),
      'with what it asked for',
    )
  })
}

kernelTest('gunicorn: every request names its sender', ['gunicorn'], async t => {
  const lab = await createLab(t)
  const app = 'lambda e, s: (s("404 Not Found", []), [b"x"])[1]'
  await lab.command(['sh', '-c', `echo 'app = ${app}' > ${lab.folder}/served.py`])
  const server = lab.pipeline(
    `cd ${lab.folder} && exec gunicorn --bind 0.0.0.0:80 --bind [::]:8080 --access-logfile access.log served:app`,
    { at: 'edge' },
  )
  await waitFor('gunicorn', async () => {
    const { status } = await lab.request({ from: USER, to: { ...ADDRESSES.edge, port: 80 }, path: '/ready' })
    return status === 404
  })
  const senders = [USER]
  for (const text of HOSTILE) {
    const headers = {
      'X-Forwarded-For': VICTIM,
      'User-Agent': text.replace('\x1b', ''),
      Referer: text.replace('\x1b', ''),
    }
    await lab.request({ from: ATTACKER, to: { ...ADDRESSES.edge, port: 80 }, headers })
    senders.push(ATTACKER)
  }
  const read = async () => {
    const written = await lab.command([
      'sh',
      '-c',
      `uwsgi-parse --tally 0 --layout gunicorn < ${lab.folder}/access.log`,
    ])
    const records = written
      .split('\n')
      .filter(Boolean)
      .map(line => JSON.parse(line))
    return records.length >= senders.length && records
  }
  const records = await waitFor('a record of each request', read)
  const named = new Set(records.map(({ ip }) => ip))
  t.ok(named.has(USER) && named.has(ATTACKER), `${[...named]}`)
  t.ok(
    [...named].every(ip => ip === null || senders.includes(ip)),
    'and nobody else',
  )
  t.ok(server)
})
