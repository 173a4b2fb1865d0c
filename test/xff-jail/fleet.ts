/** The bans of the fleet as its broker has them, for whoever asks on one host. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { withCommands } from '../support/commands.js'
import { bus, type Nats, noNats, setUpNats } from '../support/nats.js'
import { requestLine } from '../support/requests.js'
import { tempDir } from '../support/temp-dir.js'

const ask = (folder: string, ...words: string[]) =>
  execa('xff-jail', [...words, '--folder', folder], { env: withCommands({ TZ: 'UTC' }), reject: false })
/** As on a terminal. */
const askAsPerson = (folder: string, ...words: string[]) =>
  execa('script', ['-qec', `xff-jail ${words.join(' ')} --folder ${folder}`, '/dev/null'], {
    env: withCommands({ TZ: 'UTC', COLUMNS: '400' }),
    reject: false,
  })

t.test('list and why ask the broker, with the settings of this host', { skip: noNats }, async t => {
  const nats = await setUpNats(t)
  const dir = tempDir(t)
  const settings = `BAN='--port 3031 --time 2h --ignore @ignored'\nBUS='--server ${nats.urls[0]} --metrics x.prom'\n`
  writeFileSync(join(dir, 'fleet.conf'), settings)
  writeFileSync(join(dir, 'ignored'), '198.51.100.99\n')
  writeFileSync(join(dir, 'shop.conf'), `LOG=/var/log/none\nBUS='--server ${nats.urls[0]} --from web1'\n`)
  t.match(await ask(dir, 'list', '--fleet'), { exitCode: 0, stdout: '', stderr: '' })

  // twice the same client: on two hosts, of which each counts
  const now = Date.now()
  for (const host of ['web1', 'web2'])
    await bus(
      nats,
      `write requests --from ${host}`,
      Array.from({ length: 6 }, (_, i) => requestLine({ time: now - 2_000 + i, uri: '/login' })).join(''),
    )
  await execa(
    'bash',
    [
      '-c',
      'xff-bus read requests --name-hosts --end $SERVER | xff-window --late 630 --hosts-min 1 --only-rules --rule "login: max=12 find=300 path=/login" | xff-bus write bans --from count1 $SERVER',
    ],
    { env: withCommands({ SERVER: `--server ${nats.urls[0]}` }) },
  )
  const decisions = [
    { type: 'ban', ip: '198.51.100.1', reason: 'scanner', by: 'alice' },
    { type: 'ban', ip: '198.51.100.2' },
    { type: 'ban', ip: '198.51.100.3' },
    { type: 'unban', ip: '198.51.100.3' },
    { type: 'ban', ip: '198.51.100.99' },
    { type: 'ban', time: new Date(now - 3 * 3_600_000).toISOString(), ip: '198.51.100.4', by: 'alice' },
  ]
  await bus(nats, 'write bans --from ops', decisions.map(record => `${JSON.stringify(record)}\n`).join(''))

  const list = await ask(dir, 'list', '--fleet')
  t.equal(list.stderr, '')
  const bans = list.stdout.split('\n').map(line => JSON.parse(line))
  t.match(
    bans.map(({ jail, ip }) => [jail, ip]),
    [
      ['fleet', '203.0.113.7'],
      ['fleet', '198.51.100.1'],
      ['fleet', '198.51.100.2'],
    ],
    'not who was unbanned, is never banned, or was long ago',
  )
  t.equal(Date.parse(bans[0].until) - Date.parse(bans[0].time), 7_200_000, 'by --time of this host')
  t.match(bans[0], { rule: 'login', hosts: ['web1', 'web2'], failures: 12, count: 1 })
  const table = (await askAsPerson(dir, 'list', '--fleet')).stdout
  t.match(table, /JAIL +BANNED .*\r?\nfleet +203\.0\.113\.7 +(2h 00m|1h 59m) /)

  const why = await ask(dir, 'why', '203.0.113.7', '198.51.100.3', '192.0.2.1', '--fleet')
  t.equal(why.exitCode, 1, 'not all of them are banned')
  const [banned, unbanned, unknown] = why.stdout.split('\n').map(line => JSON.parse(line))
  t.match(banned, { ip: '203.0.113.7', jail: 'fleet', bans: [{ rule: 'login' }], last: { failures: 12 } })
  t.match(unbanned, { ip: '198.51.100.3', bans: [], last: { by: 'ops' } })
  t.match(unknown, { ip: '192.0.2.1', bans: [] })
  const said = async (ip: string) => (await askAsPerson(dir, 'why', ip, '--fleet')).stdout
  t.match(
    await said('203.0.113.7'),
    /banned by fleet as .*12 failures .*by the rule login.*the last: 404 GET \/login, reported by web1, web2/,
  )
  t.match(await said('198.51.100.1'), /banned by fleet as .*: by alice: scanner/)
  t.match(await said('198.51.100.2'), /banned by fleet as .*: by ops$/)
  t.match(await said('198.51.100.4'), /not banned by fleet any more; .*: by alice/)
  t.match(await said('192.0.2.1'), /192\.0\.2\.1: not banned/)

  t.match(await ask(dir, 'list', '--fleet', '--jail', 'shop'), { exitCode: 0, stdout: /"jail":"shop"/ })
  await refusals(t, nats, dir)
})

async function refusals(t: { match: (found: object, wanted: object) => void }, nats: Nats, dir: string) {
  t.match(await ask(dir, 'status', '--fleet'), {
    exitCode: 64,
    stderr: /--fleet: expected list or why with it, got status/,
  })
  writeFileSync(join(dir, 'other.conf'), 'LOG=/var/log/none\n')
  t.match(await ask(dir, 'list', '--fleet', '--jail', 'other'), {
    exitCode: 64,
    stderr: /--fleet: expected a jail with BUS in its settings, found none/,
  })
  await nats.kill()
  t.match(await ask(dir, 'list', '--fleet'), {
    exitCode: 69,
    stdout: '',
    stderr: /xff-jail: fleet: cannot use the broker at nats:\/\/127\.0\.0\.1:\d+: /,
  })
}
