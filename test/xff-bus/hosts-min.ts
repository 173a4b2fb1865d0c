/** A host that was taken over reports what never was: nobody is banned for it, its name is known, and one key ends it. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { authConfig, type User } from '../../lib/xff-bus/auth.js'
import { makeKey } from '../../lib/xff-bus/key.js'
import { nameHost } from '../../lib/xff-bus/name-host.js'
import { withCommands } from '../support/commands.js'
import { bus, noNats, pipeline, startNats } from '../support/nats.js'
import { requestLine } from '../support/requests.js'
import { shortTempDir } from '../support/temp-dir.js'
import { waitFor } from '../support/wait-for.js'

t.test('a ban needs failures of several hosts, if that is asked', { skip: noNats }, async t => {
  const keys = shortTempDir(t)
  const user = async (name: string): Promise<User> => ({ name, key: await makeKey(join(keys, name)) })
  const [web1, web2, count1, count2, root] = [
    await user('web1'),
    await user('web2'),
    await user('count1'),
    await user('count2'),
    await user('root'),
  ]
  const configOf = (host: User[], counter: User[]) =>
    authConfig('app', { host, counter, operator: [], admin: [root] })
  const nats = await startNats(t, { config: configOf([web1, web2], [count1, count2]) })
  const as = (name: string) => `--from ${name} --nkey ${join(keys, name)}`
  await waitFor('the streams', async () => (await bus(nats, `setup ${as('root')}`)).exitCode === 0)
  pipeline(
    t,
    nats,
    `xff-bus read requests --name-hosts ${as('count1')} $SERVER | xff-window --hosts-min 2 --late 630 | ` +
      `xff-bus write bans ${as('count1')} $SERVER`,
  )
  const host = pipeline(
    t,
    nats,
    `mkdir bans; xff-bus read bans ${as('web2')} $SERVER | xff-ban --dir bans --state fleet.jsonl --name fleet`,
  )
  const taken = pipeline(
    t,
    nats,
    `tail -n +1 -F log1 | (xff-bus write requests ${as('web1')} $SERVER; echo $?)`,
  )
  const now = Date.now()
  const reported = (ip: string, count: number, more = {}) =>
    Array.from(
      { length: count },
      (_, i) =>
        `${JSON.stringify({ ...JSON.parse(requestLine({ ip, time: now + i, uri: `/${i}` })), ...more })}\n`,
    ).join('')
  // it says that another one has reported half of it; what is true of both hosts comes behind
  writeFileSync(
    join(nats.dir, 'log1'),
    reported('198.51.100.1', 20) +
      reported('198.51.100.1', 20, { from: 'web2' }) +
      reported('203.0.113.7', 6),
  )
  t.match(await bus(nats, `write requests ${as('web2')}`, reported('203.0.113.7', 6)), { exitCode: 0 })
  await waitFor('the ban', () => host.said.stdout.includes('203.0.113.7'))
  t.match(host.said.stdout, '"hosts":["web1","web2"]')
  t.notMatch(host.said.stdout, '198.51.100.1')

  const settings = shortTempDir(t)
  mkdirSync(settings, { recursive: true })
  writeFileSync(
    join(settings, 'fleet.conf'),
    `LOG=/var/log/none\nBAN='--dir ${nats.dir}/bans --state ${nats.dir}/fleet.jsonl'\n`,
  )
  const why = await execa('xff-jail', ['why', '203.0.113.7', '--folder', settings], { env: withCommands() })
  t.match(JSON.parse(why.stdout), { bans: [{ ip: '203.0.113.7', hosts: ['web1', 'web2'] }] })

  const readers = [
    pipeline(t, nats, `xff-bus read bans ${as('web1')} $SERVER > bans.jsonl; echo $?`),
    pipeline(t, nats, `xff-bus read requests ${as('count2')} $SERVER > requests.jsonl; echo $?`),
  ]
  for (const file of ['bans.jsonl', 'requests.jsonl'])
    await waitFor(file, () => readFileSync(join(nats.dir, file), 'utf8').includes('203.0.113.7'))
  nats.reconfigure(configOf([web2], [count1]))
  const revoked = performance.now()
  for (const [i, { said }] of [taken, ...readers].entries())
    await waitFor(`the end of ${i}`, () => said.stdout === '69\n', { within: 30_000 })
  t.comment(`${Math.round(performance.now() - revoked)} ms from the revocation to the end of all three`)
  t.match(await bus(nats, `write requests ${as('web1')}`, reported('198.51.100.1', 1)), { exitCode: 69 })
  t.match(await bus(nats, `write requests ${as('web2')}`, reported('198.51.100.2', 1)), { exitCode: 0 })
})

t.test('the name that the broker knows is the one that counts, and what is no record stays none', async t => {
  const named = (text: string) => nameHost(Buffer.from(text), 'web1').toString()
  for (const [text, from] of [
    ['{"type":"request","from":"web2"}\n', 'web1'],
    ['{"type":"request","from":"web2"} \t\r\n', 'web1'],
    ['{"type":"request","from":"web2","vars":{}}', 'web1'],
  ] as const)
    t.equal(JSON.parse(named(text)).from, from, text)
  for (const text of [
    '{"from":"web2","x":"}\n',
    '{"from":"web2","x":"\\}\n',
    '{"from":"web2","x":{}\n',
    '}\n',
    'x\n',
    '{"from":"web2"}x\n',
  ])
    t.throws(() => JSON.parse(named(text)), text)
})
