/** Who may do what: as xff-bus setup --print-auth prints it, every forbidden act tried on a real server. */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect, type NatsConnection, nkeyAuthenticator } from '@nats-io/transport-node'
import { execa } from 'execa'
import t, { type Test } from 'tap'
import { authConfig, type User } from '../../lib/xff-bus/auth.js'
import { makeKey } from '../../lib/xff-bus/key.js'
import { withCommands } from '../support/commands.js'
import { bus, hasNewerNats, type Nats, noNats, startNats } from '../support/nats.js'
import { missing } from '../support/programs.js'
import { requestLine } from '../support/requests.js'
import { shortTempDir } from '../support/temp-dir.js'
import { waitFor } from '../support/wait-for.js'

const NAMES = ['web1', 'web2', 'count1', 'ops', 'root'] as const
type Name = (typeof NAMES)[number]

async function keysIn(dir: string): Promise<Record<Name, User>> {
  const users = await Promise.all(
    NAMES.map(async name => [name, { name, key: await makeKey(join(dir, name)) }] as const),
  )
  return Object.fromEntries(users) as Record<Name, User>
}

function configOf({ web1, web2, count1, ops, root }: Record<Name, User>): string {
  return authConfig('app', { host: [web1, web2], counter: [count1], operator: [ops], admin: [root] })
}

for (const [release, skip, isNewer] of [
  ['Debian 12', noNats, false],
  // where it could be had
  ...(hasNewerNats ? [['the newer server', false, true] as const] : []),
] as const) {
  t.test(`permissions on ${release}`, { skip }, async t => {
    const keys = shortTempDir(t)
    const nats = await startNats(t, { config: configOf(await keysIn(keys)), isNewer })
    const as = (name: Name, line: string, input = '') =>
      bus(nats, `${line} --from ${name} --nkey ${join(keys, name)}`, input)
    await waitFor('the streams', async () => (await as('root', 'setup')).exitCode === 0)
    const lines = Array.from({ length: 10 }, (_, i) =>
      requestLine({ time: Date.now() + i, uri: `/${i}` }),
    ).join('')

    t.test('what each has to do works', async t => {
      t.match(await as('web1', 'write requests', lines), { exitCode: 0, stderr: '10 requests written' })
      t.match(await as('web1', 'write requests', lines), { exitCode: 0, stderr: '10 known already' })
      t.match(await as('count1', 'read requests --end'), { exitCode: 0, stdout: lines })
      t.match(await as('count1', 'write bans', '{"type":"ban","ip":"203.0.113.7"}\n'), { exitCode: 0 })
      t.match(await as('ops', 'write bans', '{"type":"unban","ip":"203.0.113.7"}\n'), { exitCode: 0 })
      t.match(await as('web2', 'read bans --end'), { exitCode: 0, stdout: /"ban".*\n.*"unban"/ })
      t.match(await as('ops', 'status'), { exitCode: 0, stdout: /"host":"web1"/ })
      const listener = spawn(
        'bash',
        ['-c', `exec xff-bus read bans --from web2 --nkey ${join(keys, 'web2')} --server ${nats.urls[0]}`],
        { env: withCommands() },
      )
      t.teardown(() => listener.kill('SIGKILL'))
      let heard = ''
      listener.stdout.on('data', chunk => {
        heard += chunk
      })
      await waitFor('the first', () => heard.includes('unban'))
      await as('ops', 'write bans', '{"type":"ban","ip":"198.51.100.9"}\n')
      await waitFor('what is told', () => heard.includes('198.51.100.9'))
    })

    t.test('a host that was taken over can do nothing but report, as itself', async t => {
      const web1 = await connectAs(t, nats, 'web1', keys)
      const refused = (what: string, subject: string, body: object | string) =>
        t.rejects(ask(web1, subject, body), /ermission/, what)
      const consumer = (stream: string, config: object) => ({
        stream_name: stream,
        config: { name: 'x', ...config },
      })
      await refused('writes a ban', 'xff.app.ban.web1', lines)
      await refused('writes a ban as a counter', 'xff.app.ban.count1', lines)
      await refused('tells a ban that is not stored', 'xff.app.banned.count1', lines)
      await refused('writes as another host', 'xff.app.request.web2', lines)
      await refused(
        'reads what another reports',
        '$JS.API.DIRECT.GET.XFF_app_REQUESTS.xff.app.request.web2',
        '',
      )
      await refused('reads any report', '$JS.API.DIRECT.GET.XFF_app_REQUESTS', { seq: 1 })
      await refused('reads any report, of the leader', '$JS.API.STREAM.MSG.GET.XFF_app_REQUESTS', { seq: 1 })
      await refused(
        'makes a consumer of reports',
        '$JS.API.CONSUMER.CREATE.XFF_app_REQUESTS.x',
        consumer('XFF_app_REQUESTS', {}),
      )
      await refused(
        'makes a consumer of bans',
        '$JS.API.CONSUMER.CREATE.XFF_app_BANS.x',
        consumer('XFF_app_BANS', {}),
      )
      await refused(
        'has bans delivered as reports',
        '$JS.API.CONSUMER.CREATE.XFF_app_BANS.x',
        consumer('XFF_app_BANS', { deliver_subject: 'xff.app.request.web1' }),
      )
      await refused('purges bans', '$JS.API.STREAM.PURGE.XFF_app_BANS', '')
      await refused('deletes a ban', '$JS.API.STREAM.MSG.DELETE.XFF_app_BANS', { seq: 1 })
      await refused('deletes the stream', '$JS.API.STREAM.DELETE.XFF_app_BANS', '')
      await refused('changes the stream', '$JS.API.STREAM.UPDATE.XFF_app_BANS', { name: 'XFF_app_BANS' })
      await refused('makes a stream', '$JS.API.STREAM.CREATE.MINE', { name: 'MINE', subjects: ['mine'] })
      await refused('ends the reading of a counter', '$JS.API.CONSUMER.DELETE.XFF_app_REQUESTS.x', '')
      await refused('lists the streams', '$JS.API.STREAM.NAMES', '')
      for (const subject of ['_INBOX.web2.>', 'xff.app.request.>', 'xff.app.ban.>', '$JS.API.>', '>']) {
        t.equal(await listens(web1, subject), false, `listens to ${subject}`)
      }
      const written = await as('web1', 'write bans', '{"type":"ban","ip":"198.51.100.1"}\n')
      t.match(written, { exitCode: 69, stderr: /the broker refuses/ })
      const { stdout } = await as('count1', 'read bans --end')
      t.notMatch(stdout, '198.51.100.1', 'and nothing of it is there')
    })

    t.test('a counter and a person cannot report, delete or read what is not theirs', async t => {
      for (const name of ['count1', 'ops'] as const) {
        const user = await connectAs(t, nats, name, keys)
        for (const [subject, body] of [
          ['xff.app.request.web1', lines],
          ['xff.app.ban.root', lines],
          ['xff.app.banned.x', lines],
          ['$JS.API.STREAM.PURGE.XFF_app_BANS', ''],
          ['$JS.API.STREAM.DELETE.XFF_app_REQUESTS', ''],
        ] as const)
          await t.rejects(ask(user, subject, body), /ermission/, `${name}: ${subject}`)
        t.equal(await listens(user, '_INBOX.web1.>'), false)
      }
    })

    t.test('nobody gets in without a key, or with one that was revoked', async t => {
      t.match(await bus(nats, 'setup'), { exitCode: 69, stderr: /cannot use the broker/ })
      const strangers = shortTempDir(t)
      await makeKey(join(strangers, 'web9'))
      const stranger = await bus(nats, `read bans --end --from web9 --nkey ${join(strangers, 'web9')}`)
      t.match(stranger, { exitCode: 69, stderr: /cannot use the broker/ })
    })
  })
}

t.test('with TLS, and not without', { skip: noNats || missing('openssl') }, async t => {
  const dir = shortTempDir(t)
  const request =
    'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1'
  await execa('openssl', [...request.split(' '), '-keyout', join(dir, 'key'), '-out', join(dir, 'cert')])
  const nats = await startNats(t, { config: `tls { cert_file: "${dir}/cert", key_file: "${dir}/key" }` })
  const urls = nats.urls.map(url => url.replace('nats:', 'tls:'))
  t.match(await bus({ urls }, `setup --ca ${join(dir, 'cert')}`), { exitCode: 0 })
  t.match(await bus({ urls }, 'setup'), {
    exitCode: 69,
    stderr: /cannot use the broker at tls:.*certificate/,
  })
  const plain = await startNats(t)
  const downgraded = await bus({ urls: plain.urls.map(url => url.replace('nats:', 'tls:')) }, 'setup')
  t.match(downgraded, { exitCode: 69 }, 'a server that speaks no TLS is refused')
})

t.test('a key is a file for its owner alone, and none is overwritten', async t => {
  const dir = shortTempDir(t)
  const file = join(dir, 'web1')
  t.match(await makeKey(file), /^U[A-Z2-7]{55}$/)
  t.match(readFileSync(file, 'utf8'), /^SU[A-Z2-7]{56}\n$/)
  await t.rejects(makeKey(file), { exitCode: 74, message: /is there already/ })
})

async function connectAs(t: Test, { urls }: Nats, name: Name, keys: string): Promise<NatsConnection> {
  const seed = Buffer.from(readFileSync(join(keys, name), 'latin1').trim())
  const connection = await connect({
    servers: urls,
    inboxPrefix: `_INBOX.${name}`,
    authenticator: nkeyAuthenticator(seed),
  })
  t.teardown(() => connection.close())
  return connection
}

/** @throws where the server refuses it */
async function ask(connection: NatsConnection, subject: string, body: object | string): Promise<string> {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  try {
    return (await connection.request(subject, text, { timeout: 3_000 })).string()
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined
    throw cause instanceof Error ? cause : error
  }
}

/** Whether the server lets it. */
async function listens(connection: NatsConnection, subject: string): Promise<boolean> {
  let isRefused = false
  const subscription = connection.subscribe(subject, {
    callback(error) {
      if (error) isRefused = true
    },
  })
  // what comes after the answer to the subscription
  await connection.flush()
  await connection.flush()
  subscription.unsubscribe()
  return !isRefused
}
