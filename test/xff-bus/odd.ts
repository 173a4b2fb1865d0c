/** What goes wrong without a kill: old logs, logs that are gone from the stream, batches that are none, and credentials. */
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { deflateRawSync } from 'node:zlib'
import { createAccount, createOperator, createUser, type KeyPair } from '@nats-io/nkeys'
import { connect, headers } from '@nats-io/transport-node'
import t from 'tap'
import { bus, noNats, setUpNats, startNats } from '../support/nats.js'
import { requestLine } from '../support/requests.js'
import { shortTempDir } from '../support/temp-dir.js'
import { waitFor } from '../support/wait-for.js'

const HOUR_MS = 3_600_000
const linesOf = (count: number, time: number, from = 0) =>
  Array.from({ length: count }, (_, i) => requestLine({ time: time + i, uri: `/${from + i}` }))

t.test('a log that is replayed a day later counts for nothing', { skip: noNats }, async t => {
  const nats = await setUpNats(t)
  await bus(nats, 'write requests --from web1', linesOf(100, Date.now() - 24 * HOUR_MS).join(''))
  const { stdout, stderr } = await bus(nats, 'read requests --end')
  t.equal(stdout, '')
  t.match(stderr, '0 requests in 1 batch, 100 late')
})

t.test('a writer whose last batch is gone from the stream begins anew', { skip: noNats }, async t => {
  const nats = await setUpNats(t, {}, 'setup --size 1')
  const log = linesOf(5, Date.now())
  await bus(nats, 'write requests --from web1', log.slice(0, 3).join(''))
  // what cannot be deflated
  const noise = Array.from({ length: 60 }, () =>
    requestLine({ time: Date.now(), uri: `/${randomBytes(30_000).toString('hex')}` }),
  )
  await bus(nats, 'write requests --from web2', noise.join(''))
  const again = await bus(nats, 'write requests --from web1', log.join(''))
  t.match(again, { exitCode: 0, stderr: /5 requests written/ })
  const { stdout } = await bus(nats, 'read requests --end')
  for (const line of log) t.equal(stdout.split(line).length, 2, 'each is there once')
  t.match(await bus(nats, 'write requests --from web1', log.join('')), { stderr: '5 known already' })
})

t.test('a bomb and a batch that is none are told, and the others are read', { skip: noNats }, async t => {
  const nats = await setUpNats(t)
  const [before, behind] = [linesOf(3, Date.now()), linesOf(3, Date.now(), 3)]
  await bus(nats, 'write requests --from web1', before.join(''))
  const connection = await connect({ servers: nats.urls })
  t.teardown(() => connection.close())
  const put = async (payload: Buffer, encoding: string) => {
    const marked = headers()
    marked.set('Content-Encoding', encoding)
    await connection.request('xff.app.request.web9', payload, { headers: marked, timeout: 5_000 })
  }
  await put(deflateRawSync(Buffer.alloc(100_000_000)), 'deflate')
  await put(Buffer.from('no such thing'), 'deflate')
  await put(Buffer.from('x'), 'br')
  await bus(nats, 'write requests --from web2', behind.join(''))
  const { stdout, stderr } = await bus(nats, 'read requests --end')
  t.equal(stdout, [...before, ...behind].join(''))
  t.match(stderr, /web9: a batch that cannot be read/)
  t.match(stderr, '3 bad batches')
})

t.test('with credentials of an account, and not without', { skip: noNats }, async t => {
  const dir = shortTempDir(t)
  const [operator, account, system, user] = [createOperator(), createAccount(), createAccount(), createUser()]
  const all = { subs: -1, data: -1, payload: -1 }
  const limits = { ...all, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 }
  const stored = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 }
  const accountOf = (one: KeyPair, more: object) =>
    jwt(operator, one, {
      type: 'account',
      limits: { ...limits, ...more },
      default_permissions: { pub: {}, sub: {} },
    })
  const config = [
    `operator: ${jwt(operator, operator, { type: 'operator' })}`,
    'resolver: MEMORY',
    `resolver_preload: { ${account.getPublicKey()}: ${accountOf(account, stored)}, ${system.getPublicKey()}: ${accountOf(system, {})} }`,
    `system_account: ${system.getPublicKey()}`,
  ]
  const nats = await startNats(t, { config: config.join('\n') })
  const creds = join(dir, 'web1.creds')
  const token = jwt(account, user, { type: 'user', ...all, pub: {}, sub: {} })
  const seed = Buffer.from(user.getSeed()).toString()
  writeFileSync(
    creds,
    `-----BEGIN NATS USER JWT-----\n${token}\n------END NATS USER JWT------\n\n-----BEGIN USER NKEY SEED-----\n${seed}\n------END USER NKEY SEED------\n`,
  )
  await waitFor('the streams', async () => (await bus(nats, `setup --creds ${creds}`)).exitCode === 0)
  const log = linesOf(3, Date.now()).join('')
  t.match(await bus(nats, `write requests --from web1 --creds ${creds}`, log), {
    exitCode: 0,
    stderr: '3 requests written',
  })
  t.match(await bus(nats, `read requests --end --creds ${creds}`), { exitCode: 0, stdout: log })
  t.match(await bus(nats, 'read requests --end'), { exitCode: 69, stderr: /cannot use the broker/ })
})

/** What NATS calls a JWT: claims about a key, signed by another. */
function jwt(signer: KeyPair, subject: KeyPair, nats: object): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const claims = { jti: 'X', iat: 1, iss: signer.getPublicKey(), name: 'x', sub: subject.getPublicKey() }
  const body = `${encode({ typ: 'JWT', alg: 'ed25519-nkey' })}.${encode({ ...claims, nats: { ...nats, version: 2 } })}`
  return `${body}.${Buffer.from(signer.sign(Buffer.from(body))).toString('base64url')}`
}
