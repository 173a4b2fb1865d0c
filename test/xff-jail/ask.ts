/** What xff-jail answers where a jail is, but none runs; and what it says to whoever knows another tool. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { pathsOf } from '../../lib/xff-ban/paths.js'
import { statusOf, statusText } from '../../lib/xff-jail/status.js'
import { withCommands } from '../support/commands.js'
import { tempDir } from '../support/temp-dir.js'
import { waitFor } from '../support/wait-for.js'

const ask = (folder: string, ...words: string[]) =>
  execa('xff-jail', [...words, '--folder', folder], { env: withCommands({ TZ: 'UTC' }), reject: false })

t.test('a jail that does not run is amiss, and remembers whom it has banned', async t => {
  const dir = tempDir(t)
  const journal = join(dir, 'shop.jsonl')
  const ban = {
    type: 'ban',
    time: '2026-11-22T07:12:42.000Z',
    ip: '203.0.113.5',
    failures: 10,
    until: '2026-11-22T08:12:42.000Z',
    count: 1,
  }
  writeFileSync(
    journal,
    `${JSON.stringify(ban)}\n${JSON.stringify({ ...ban, ip: '203.0.113.0/24', until: '2036-11-20T08:12:42.000Z', time: '2026-11-23T00:00:00.000Z' })}\n`,
  )
  writeFileSync(
    join(dir, 'shop.conf'),
    `LOG=${dir}/none.log\nBAN='--dir ${dir}/bans --state ${journal} --time 3650d'\n`,
  )
  const status = await ask(dir, 'status', 'shop')
  t.equal(status.exitCode, 1)
  const found = JSON.parse(status.stdout)
  t.match(found, { jail: 'shop', running: false })
  t.match(found.amiss, [/no xff-ban runs/, /none\.log: there is no such file/])

  const why = await ask(dir, 'why', '203.0.113.5')
  t.equal(why.exitCode, 0)
  t.match(JSON.parse(why.stdout), {
    jail: 'shop',
    bans: [{ ip: '203.0.113.0/24' }],
    last: { ip: '203.0.113.5', failures: 10 },
  })
  const other = await ask(dir, 'why', '198.51.100.1')
  t.equal(other.exitCode, 1)
  t.match(JSON.parse(other.stdout), { ip: '198.51.100.1', bans: [] })
  t.match((await ask(dir, 'list')).stdout, /^\{"jail":"shop","type":"ban",.*"ip":"203\.0\.113\.0\/24"/)
})

t.test('a jail whose unit has been started is told so, and one whose unit fails', async t => {
  const dir = tempDir(t)
  writeFileSync(
    join(dir, 'shop.conf'),
    `LOG=${dir}/none.log\nBAN='--dir ${dir}/bans --state ${dir}/none.jsonl'\n`,
  )
  const path = join(dir, 'systemctl')
  const since = 'Sat 2026-11-28 13:40:09 UTC'
  const cases: [active: string, sub: string, header: RegExp, amiss: string][] = [
    [
      'activating',
      'start-pre',
      /^shop: starting$/m,
      `starting since ${since}: xff-jail@shop tries the settings and the log`,
    ],
    [
      'active',
      'running',
      /^shop: starting$/m,
      `starting: xff-jail@shop runs since ${since}, and xff-ban does not answer yet`,
    ],
    [
      'activating',
      'auto-restart',
      /^shop: not running$/m,
      'no xff-ban runs: it has ended, and xff-jail@shop starts it again: systemctl status xff-jail@shop says why',
    ],
    [
      'failed',
      'failed',
      /^shop: not running$/m,
      `no xff-ban runs: xff-jail@shop has failed since ${since}: systemctl status xff-jail@shop says why`,
    ],
    ['deactivating', 'stop-sigterm', /^shop: not running$/m, `stopping since ${since}`],
    ['inactive', 'dead', /^shop: not running$/m, 'no xff-ban runs: systemctl start xff-jail@shop'],
  ]
  for (const [active, sub, header, amiss] of cases) {
    const shown = `LoadState=loaded\nActiveState=${active}\nSubState=${sub}\nStateChangeTimestamp=${since}`
    writeFileSync(path, `#!/bin/sh\n[ "$1 $3" = "show xff-jail@shop" ] && echo '${shown}'\n`, { mode: 0o755 })
    const { PATH } = withCommands()
    const { stdout } = await execa('xff-jail', ['status', '--folder', dir], {
      env: { ...withCommands(), PATH: `${dir}:${PATH}` },
      reject: false,
    })
    const found = JSON.parse(stdout)
    t.equal(found.amiss[0], amiss)
    t.equal(found.starting, header.source.includes('starting') || undefined)
    t.match(statusText(found), header)
  }
  writeFileSync(join(dir, 'shop.conf'), `LOG=${dir}/none.log\nBAN=--dry-run\n`)
  writeFileSync(path, "#!/bin/sh\nprintf 'LoadState=loaded\\nActiveState=active\\n'\n")
  const env = { ...withCommands(), PATH: `${dir}:${withCommands().PATH}` }
  const dry = await execa('xff-jail', ['status', '--folder', dir], { env, reject: false })
  t.match(JSON.parse(dry.stdout).amiss[0], /^BAN has --dry-run: it bans nobody/)
})

t.test('a jail tried by hand is not to be started as a service', async t => {
  const dir = tempDir(t)
  const jail = { name: 'xff-ban', settings: undefined }
  const { amiss } = await statusOf(jail, { settings: dir, journals: dir, run: dir }, 0, undefined)
  t.match(amiss, [new RegExp(`as one tried by hand; .* rm ${dir}/xff-ban\\.jsonl$`)])
})

t.test('a long list is written as it is read, to a slow reader, and to one that goes away', async t => {
  const dir = tempDir(t)
  const state = join(dir, 'shop.jsonl')
  const until = '2036-11-20T08:12:42.000Z'
  const line = (i: number) =>
    `${JSON.stringify({ type: 'ban', time: '2026-11-28T00:00:00.000Z', ip: `11.0.${i >> 8}.${i & 255}`, failures: 10, until, count: 1 })}\n`
  writeFileSync(state, Array.from({ length: 20_000 }, (_, i) => line(i)).join(''))
  writeFileSync(join(dir, 'shop.conf'), `LOG=/none\nBAN='--dir ${dir}/bans --state ${state} --time 3650d'\n`)
  const shell = (reader: string) =>
    execa('bash', ['-c', `set -o pipefail; xff-jail list --folder ${dir} | ${reader}`], {
      env: withCommands(),
      reject: false,
    })
  // mapfile asks for a line at a time, and reads no further than that
  const whole = await shell('(mapfile -n 1; wc -l)')
  t.match(whole, { exitCode: 0, stdout: '19999', stderr: '' })
  const first = await shell('head -n 1')
  t.match(first, { exitCode: 0, stderr: '' }, 'a reader that goes away is no failure')
  t.match(first.stdout, /"ip":"11\.0\.\d+\.\d+"/)
  t.equal((await shell(':')).exitCode, 0)
})

t.test('words that are not known are answered with those that are', async t => {
  const dir = tempDir(t)
  for (const [words, message] of [
    [['stauts'], /got "stauts" \(did you mean status\?\)/],
    [['decisions', 'list'], /did you mean: xff-jail list/],
    [['start', 'shop'], /systemctl start xff-jail@shop/],
    [[], /expected setup, run, status, list, why, ban, unban/],
    [['why'], /why: expected addresses, got none/],
    [['ban', '1.2.3'], /expected an address or a prefix, got "1\.2\.3"/],
    [['run', 'shpo'], /cannot read the settings: .*did you mean shop\?/],
    [['list', '--jail', 'nothing'], /expected the name of a jail \(.*shop.*\), got "nothing"/],
  ] as const) {
    writeFileSync(join(dir, 'shop.conf'), 'LOG=/var/log/none\n')
    const { exitCode, stderr } = await ask(dir, ...words)
    t.equal(exitCode, 64, words.join(' '))
    t.match(stderr, message)
  }
})

t.test('who is allowed in a jail that runs is not banned, and is named', async t => {
  const dir = tempDir(t)
  const state = join(dir, 'shop.jsonl')
  // as xff-jail setup writes it, with a time
  const options = ['--dir', join(dir, 'bans'), '--state', state, '--time', '1h']
  mkdirSync(join(dir, 'bans'))
  writeFileSync(join(dir, 'shop.conf'), `LOG=${dir}/none.log\nBAN='${options.join(' ')}'\n`)
  const jail = execa('xff-ban', ['--name', 'shop', ...options], { env: withCommands(), reject: false })
  t.teardown(() => jail.kill('SIGKILL'))
  await waitFor('the control socket', () => existsSync(pathsOf(state).socket))

  const recordsOf = async (...words: string[]) =>
    (await ask(dir, ...words)).stdout
      .split('\n')
      .filter(Boolean)
      .map(line => JSON.parse(line))
  const banned = await recordsOf('ban', '203.0.113.7', '--for', '2h', '--reason', 'scanner')
  t.match(banned, [{ jail: 'shop', type: 'ban', ip: '203.0.113.7', reason: 'scanner' }])
  t.equal(Math.round((Date.parse(banned[0]?.until) - Date.parse(banned[0]?.time)) / 60_000), 120)
  t.match(await recordsOf('allow', '203.0.113.0/24', '--for', '2d', '--note', 'office'), [
    { jail: 'shop', type: 'allow', ip: '203.0.113.0/24', note: 'office' },
  ])
  t.same(await recordsOf('list'), [])
  const refused = await ask(dir, 'ban', '203.0.113.7')
  t.equal(refused.exitCode, 64)
  t.match(refused.stderr, /allowed: 203\.0\.113\.0\/24 until .*\(office\)/)
  t.match(await recordsOf('allowed'), [{ jail: 'shop', type: 'allow', ip: '203.0.113.0/24' }])
  t.match(await recordsOf('disallow', '203.0.113.0/24'), [{ type: 'disallow', ip: '203.0.113.0/24' }])
  t.match(await recordsOf('ban', '203.0.113.7'), [{ type: 'ban', ip: '203.0.113.7' }])
  t.same(await recordsOf('allowed'), [])
  t.match(await recordsOf('unban', '203.0.113.7', '--for', '1d'), [{ type: 'unban', ip: '203.0.113.7' }])
})
