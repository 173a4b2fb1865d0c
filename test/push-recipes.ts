/** The programs in share/push, against servers that behave as the APIs are published, and a real Caddy. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { join } from 'node:path'
import { execa } from 'execa'
import t, { type Test } from 'tap'
import { missing } from './support/programs.js'
import { shortTempDir, tempDir } from './support/temp-dir.js'
import { freePort } from './support/uwsgi.js'
import { waitFor } from './support/wait-for.js'

const BANS = ['203.0.113.7', '198.51.100.0/24', '2001:db8::7', '2001:db8:1::/64']
const input = (ips: readonly string[]) =>
  ips
    .map(
      ip =>
        `{"type":"ban","time":"2026-11-22T14:00:00.000Z","ip":"${ip}","until":"2026-11-22T15:00:00.000Z"}\n`,
    )
    .join('')
const many = (count: number) =>
  Array.from({ length: count }, (_, i) => `203.${i >> 16}.${(i >> 8) & 255}.${i & 255}`)

function push(
  recipe: string,
  args: readonly string[],
  ips: readonly string[],
  env: Record<string, string> = {},
) {
  return execa('sh', [join('share/push', recipe), ...args], { input: input(ips), env, reject: false })
}

interface Asked {
  method: string | undefined
  url: string | undefined
  headers: IncomingMessage['headers']
  body: string
}

/** A server whose answers are JSON. @returns its port */
async function api(
  t: Test,
  answer: (asked: Asked) => [status: number, body: object],
  tls?: { key: string; cert: string },
): Promise<number> {
  const server: Server = (tls ? createTlsServer(tls) : createServer()).on(
    'request',
    async (request, response) => {
      let body = ''
      for await (const chunk of request) body += chunk
      const { method, url, headers } = request
      const [status, reply] = answer({ method, url, headers, body })
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(reply))
    },
  )
  await new Promise<void>(resolve => void server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => new Promise(resolve => server.close(resolve)))
  return (server.address() as AddressInfo).port
}

t.test(
  'Cloudflare: a list is replaced, and its end is waited for',
  { skip: missing('curl', 'jq') },
  async t => {
    const header = join(tempDir(t), 'header')
    writeFileSync(header, 'Authorization: Bearer s3cret\n')
    let items: { ip: string; comment: string }[] = []
    let looks = 0
    let isBusy = false
    let outcome = 'completed'
    const port = await api(t, ({ method, url, headers, body }) => {
      if (headers.authorization !== 'Bearer s3cret')
        return [403, { success: false, errors: [{ code: 10000, message: 'Authentication error' }] }]
      if (method === 'GET' && url === '/accounts/acc/rules/lists/bulk_operations/op1') {
        looks += 1
        const status = looks % 2 === 1 ? 'running' : outcome
        return [200, { success: true, result: { id: 'op1', status, error: 'list is full' } }]
      }
      if (method !== 'PUT' || url !== '/accounts/acc/rules/lists/lst/items')
        return [404, { success: false, errors: [{ code: 7003, message: 'No route' }] }]
      if (isBusy)
        return [429, { success: false, errors: [{ code: 971, message: 'Too many pending changes' }] }]
      items = JSON.parse(body)
      return [200, { success: true, errors: [], result: { operation_id: 'op1' } }]
    })
    const run = (ips: readonly string[]) =>
      push('cloudflare', ['acc', 'lst', header, `http://127.0.0.1:${port}`], ips)
    t.match(await run(BANS), { exitCode: 0, stdout: '', stderr: '' })
    t.same(
      items,
      BANS.map(ip => ({ ip, comment: 'xff-ban until 2026-11-22T15:00:00.000Z' })),
    )
    t.equal(looks, 2, 'it is in force before it ends')
    t.match(await run([]), { exitCode: 0 })
    t.same(items, [])
    t.match(await run(many(10_000)), { exitCode: 0 })
    t.equal(items.length, 10_000)
    outcome = 'failed'
    t.match(await run(BANS), { exitCode: 1, stderr: 'Cloudflare: list is full' })
    isBusy = true
    t.match(await run(BANS), { exitCode: 22, stderr: /Cloudflare: 971 Too many pending changes/ })
    writeFileSync(header, 'Authorization: Bearer other\n')
    t.match(await run(BANS), { exitCode: 22, stderr: /Cloudflare: 10000 Authentication error/ })
  },
)

t.test('AWS WAF: two sets, by the token of their state', { skip: missing('aws', 'jq') }, async t => {
  const sets: Record<string, { id: string; addresses: string[]; token: number }> = {
    four: { id: 'id4', addresses: ['192.0.2.1/32'], token: 1 },
    six: { id: 'id6', addresses: [], token: 1 },
  }
  /** how often somebody else changes a set between the two calls */
  let others = 0
  const port = await api(t, ({ method, headers, body }) => {
    const target = headers['x-amz-target']
    const given = JSON.parse(body)
    const set = sets[given.Name]
    if (method !== 'POST' || !/^AWS4-HMAC-SHA256 .*\/eu-central-1\/wafv2\//.test(headers.authorization ?? ''))
      return [403, { __type: 'AccessDeniedException' }]
    if (!set || set.id !== given.Id || given.Scope !== 'REGIONAL')
      return [400, { __type: 'WAFNonexistentItemException', message: 'no such set' }]
    if (target === 'AWSWAF_20190729.GetIPSet') {
      const reply = { IPSet: { Name: given.Name, Addresses: set.addresses }, LockToken: `t${set.token}` }
      if (others-- > 0) set.token += 1
      return [200, reply]
    }
    if (target !== 'AWSWAF_20190729.UpdateIPSet') return [400, { __type: 'UnknownOperationException' }]
    if (given.LockToken !== `t${set.token}`)
      return [400, { __type: 'WAFOptimisticLockException', message: 'changed meanwhile' }]
    if (given.Addresses.length > 10_000)
      return [400, { __type: 'WAFLimitsExceededException', message: 'more than 10000' }]
    if (!given.Addresses.every((address: string) => address.includes('/')))
      return [400, { __type: 'WAFInvalidParameterException', message: 'not a CIDR' }]
    set.addresses = given.Addresses
    set.token += 1
    return [200, { NextLockToken: `t${set.token}` }]
  })
  const run = (ips: readonly string[], id = 'id4') =>
    push(
      'aws-waf',
      [
        ...['REGIONAL', 'four', id, 'six', 'id6', '--region', 'eu-central-1'],
        ...['--endpoint-url', `http://127.0.0.1:${port}`],
      ],
      ips,
      { AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 's3cret', AWS_MAX_ATTEMPTS: '1' },
    )
  t.match(await run(BANS), { exitCode: 0, stdout: '', stderr: '' })
  t.same(sets.four?.addresses, ['203.0.113.7/32', '198.51.100.0/24'])
  t.same(sets.six?.addresses, ['2001:db8::7/128', '2001:db8:1::/64'])
  others = 2
  t.match(await run([]), { exitCode: 0 }, 'who else changes a set is not in the way')
  t.same([sets.four?.addresses, sets.six?.addresses], [[], []])
  t.match(await run(many(10_001)), { exitCode: 1, stderr: /WAFLimitsExceededException/ })
  const { exitCode, stderr } = await run(BANS, 'other')
  t.not(exitCode, 0)
  t.match(stderr, /WAFNonexistentItemException/)
})

t.test('Kubernetes: a key of a ConfigMap', { skip: missing('curl', 'jq', 'openssl') }, async t => {
  const account = tempDir(t)
  const request =
    'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=k8s -addext subjectAltName=IP:127.0.0.1'
  const [key, cert] = [join(account, 'key'), join(account, 'ca.crt')]
  await execa('openssl', [...request.split(' '), '-keyout', key, '-out', cert])
  writeFileSync(join(account, 'token'), 's3cret')
  const data: Record<string, string> = { 'use-forwarded-headers': 'true' }
  const port = await api(
    t,
    ({ method, url, headers, body }) => {
      const failure = (code: number, message: string): [number, object] => [
        code,
        { kind: 'Status', status: 'Failure', code, message },
      ]
      if (headers.authorization !== 'Bearer s3cret') return failure(401, 'Unauthorized')
      if (url !== '/api/v1/namespaces/ingress/configmaps/controller')
        return failure(404, 'configmaps "other" not found')
      if (method !== 'PATCH' || headers['content-type'] !== 'application/merge-patch+json')
        return failure(415, 'the body of the request was in an unknown format')
      Object.assign(data, JSON.parse(body).data)
      return [200, { kind: 'ConfigMap', data }]
    },
    { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') },
  )
  const env = {
    SERVICE_ACCOUNT: account,
    KUBERNETES_SERVICE_HOST: '127.0.0.1',
    KUBERNETES_SERVICE_PORT: `${port}`,
  }
  const run = (ips: readonly string[], name = 'controller') =>
    push('kubernetes', ['ingress', name, 'denylist-source-range'], ips, env)
  t.match(await run(BANS), { exitCode: 0, stdout: '', stderr: '' })
  t.same(data, { 'use-forwarded-headers': 'true', 'denylist-source-range': BANS.join(',') })
  t.match(await run([]), { exitCode: 0 })
  t.equal(data['denylist-source-range'], '')
  t.match(await run(many(80_000)), {
    exitCode: 1,
    stderr: /holds 1 MiB, and these bans are \d+ bytes: lower --limit/,
  })
  t.match(await run(BANS, 'other'), { exitCode: 22, stderr: /Kubernetes: 404 configmaps "other" not found/ })
  writeFileSync(join(account, 'token'), 'old')
  t.match(await run(BANS), { exitCode: 22, stderr: /Kubernetes: 401 Unauthorized/ })
})

t.test('Traefik: a file with one router, or nothing', { skip: missing('jq') }, async t => {
  const folder = tempDir(t)
  const file = join(folder, 'banned.yml')
  t.match(await push('traefik', [file, 'web', 'websecure'], BANS), { exitCode: 0, stdout: '', stderr: '' })
  const { http } = JSON.parse(readFileSync(file, 'utf8'))
  t.match(http.routers.banned, {
    rule: BANS.map(ip => `ClientIP(\`${ip}\`)`).join(' || '),
    entryPoints: ['web', 'websecure'],
    middlewares: Object.keys(http.middlewares),
  })
  t.match(await push('traefik', [file, 'web'], []), { exitCode: 0 })
  t.same(JSON.parse(readFileSync(file, 'utf8')), {}, 'a router without a rule would be an error')
  t.same(readdirSync(folder), ['banned.yml'])
})

t.test(
  'Caddy refuses who is banned, and keeps what it has if it does not take the file',
  { skip: missing('caddy', 'jq') },
  async t => {
    const folder = shortTempDir(t)
    const env = { HOME: folder, XDG_CONFIG_HOME: folder, XDG_DATA_HOME: folder }
    const port = await freePort()
    const [config, file] = [join(folder, 'Caddyfile'), join(folder, 'banned.caddy')]
    writeFileSync(file, '# nobody yet\n')
    writeFileSync(
      config,
      `{
  admin unix/${join(folder, 'admin')}
}
http://127.0.0.1:${port} {
  import ${file}
  respond served
}
`,
    )
    const caddy = execa('caddy', ['run', '--config', config], { env, reject: false })
    t.teardown(async () => {
      caddy.kill('SIGKILL')
      await caddy
    })
    const status = async () => (await fetch(`http://127.0.0.1:${port}/`)).status
    await waitFor('Caddy', async () => (await status()) === 200)
    const run = (ips: readonly string[], ...more: string[]) =>
      push('caddy', [file, config, ...more], ips, env)

    t.match(await run([...BANS, '127.0.0.1']), { exitCode: 0, stdout: '', stderr: '' })
    t.equal(await status(), 403)
    t.match(await run(BANS), { exitCode: 0 })
    t.equal(await status(), 200)
    t.match(await run(many(10_000)), { exitCode: 0 })
    const before = readFileSync(file, 'utf8')
    const { exitCode, stderr } = await run(BANS, 'no_such_matcher')
    t.not(exitCode, 0)
    t.match(stderr, /no_such_matcher/)
    t.equal(readFileSync(file, 'utf8'), before)
    t.match(await run([]), { exitCode: 0 })
    t.same(
      readdirSync(folder).filter(name => name.startsWith('banned')),
      ['banned.caddy'],
    )
  },
)
