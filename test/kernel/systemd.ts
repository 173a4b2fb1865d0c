/** The units, as systemd itself reads, confines and runs them: booted in namespaces of its own. */
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { boot } from '../support/booted.js'
import { failure } from '../support/failure.js'
import { blocksOf } from '../support/markdown.js'
import { missing } from '../support/programs.js'
import { LIMIT, waitFor } from '../support/wait-for.js'

const UNITS = readdirSync('share/systemd').map(name => join('share/systemd', name))
const noSystemd = missing('systemd-analyze') || (process.getuid?.() !== 0 && 'only root boots a systemd')
/** The units have PrivateUsers=, without which systemd does not start them: 217/USER. */
const skip =
  noSystemd ||
  (spawnSync('unshare', ['--user', '--map-root-user', 'true']).status !== 0 &&
    'this machine refuses user namespaces')
/** How long one test may take, in milliseconds: longer than any one of its waits. */
const timeout = 5 * LIMIT
const LOG = '/var/log/uwsgi/shop-1.log'

t.test('systemd has nothing to say against the units', { skip: noSystemd }, async t => {
  const { all } = await execa('systemd-analyze', ['verify', '--man=no', ...UNITS], { all: true })
  t.equal(all, '')
  for (const unit of UNITS.filter(name => name.endsWith('.service'))) {
    const options = ['security', '--offline=true', '--threshold=29', '--no-pager', unit]
    const { exitCode, stdout } = await execa('systemd-analyze', options, { reject: false })
    t.equal(exitCode, 0, `${unit}: ${stdout.split('\n').at(-1)}`)
  }
})

t.test('the services of an app ban, restart and stop together', { skip, timeout }, async t => {
  const inside = await boot(t)
  const show = (unit: string, property: string) =>
    inside(['systemctl', 'show', '--value', '--property', property, unit])
  const append = (file: string, text: string) => inside(['tee', '-a', file], text)
  const banned = async (name: string) => {
    const list = await inside(['xff-ban', 'list', '--name', name])
    return list
      .split('\n')
      .flatMap(line => (line === '' ? [] : JSON.parse(line).ip))
      .sort()
  }
  const eventuallyBanned = (name: string, expected: string[]) =>
    waitFor(`the bans of ${expected}`, async () => {
      const found = await banned(name)
      if (found.join() === expected.join()) return true
      throw new Error(`banned are ${found}`)
    })
  const fail = (client: string) => append(LOG, failure(client).repeat(3))
  /** What somebody does by hand belongs to root. */
  const asRoot = (type: 'ban' | 'unban', client: string) =>
    inside(['xff-ban', '--name', 'shop', '--port', '3031'], `{"type":"${type}","ip":"${client}"}\n`)

  await inside(['make', '-C', process.cwd(), 'install'])
  t.match(
    await inside(['xff-ban', '--version']),
    createRequire(import.meta.url)('../../../package.json').version,
  )
  t.match(await inside(['man', '-w', 'uwsgi-parse']), /^\/usr\/local\/(share\/)?man\/man1\/uwsgi-parse\.1$/)
  await inside(['systemctl', 'daemon-reload'])
  await inside(['ip', 'link', 'set', 'lo', 'up'])
  await inside(['mkdir', '-p', '/etc/xff-jail', '/var/log/uwsgi'])
  // as Debian's uWSGI has it: readable for root alone
  await inside(['install', '-m', '640', '/dev/null', LOG])
  const settings = "LOG=/var/log/uwsgi/shop-*.log\nPARSE='--tz UTC'\nWINDOW='--max 3'\nBAN='--port 3031'\n"
  await append('/etc/xff-jail/shop.conf', settings)

  // as a service did that was root, too
  await asRoot('ban', '203.0.113.4')
  await inside(['systemctl', 'start', 'xff-jail@shop'])
  await fail('203.0.113.5')
  await eventuallyBanned('shop', ['203.0.113.4', '203.0.113.5'])
  t.pass('a ban falls, and one that root made is still there')
  for (const process of ['uwsgi-parse --tz', 'xff-window --max']) {
    const status = await inside(['cat', `/proc/${await inside(['pgrep', '-f', process])}/status`])
    t.match(status, /^CapPrm:\s0{16}\nCapEff:\s0{16}$/m, `${process} has no capability`)
    t.match(status, /^CapAmb:\s0{16}$/m, 'and gets none')
    t.notMatch(status, /^Uid:\s+0\s/m, 'and is not root')
  }
  const jail = await inside(['cat', `/proc/${await show('xff-jail@shop', 'MainPID')}/status`])
  t.match(jail, /^CapEff:\s000000c000001000$/m, 'xff-ban has CAP_NET_ADMIN, CAP_BPF and CAP_PERFMON')
  t.notMatch(jail, /^Uid:\s+0\s/m, 'and is not root either')
  const told = () => inside(['journalctl', '-u', 'xff-jail@shop', '-o', 'cat'])
  const record = /^\{"type":"ban",.*"ip":"203\.0\.113\.5"/m
  await waitFor('the record in the journal', async () => record.test(await told()))
  t.match(
    await told(),
    /bans by (bpf: the kernel takes the program|iptables: bpf cannot be had: .*(missing|installed|kernel is))/,
  )
  t.notMatch(await told(), /nothing keeps a second xff-ban off/, 'its locks are its own')

  const kill = async (unit: string, signal: string) => {
    const pid = await show(unit, 'MainPID')
    await inside(['kill', signal, pid])
    return pid
  }
  await kill('xff-jail@shop', '-KILL')
  await fail('203.0.113.6')
  await eventuallyBanned('shop', ['203.0.113.4', '203.0.113.5', '203.0.113.6'])
  t.pass('xff-ban was killed: it comes back, and knows what failed meanwhile')
  await kill('xff-jail-log@shop', '-KILL')
  await fail('203.0.113.7')
  const all = ['203.0.113.4', '203.0.113.5', '203.0.113.6', '203.0.113.7']
  await eventuallyBanned('shop', all)
  t.pass('so does what reads the log')
  for (const process of ['uwsgi-parse --tz', 'tail -q']) {
    await waitFor(`${process} of xff-jail-log@shop`, () => inside(['pgrep', '-f', process]))
    const before = await show('xff-jail-log@shop', 'MainPID')
    await inside(['pkill', '-KILL', '-f', process])
    await waitFor('the start of another xff-jail-log@shop', async () => {
      const now = await show('xff-jail-log@shop', 'MainPID')
      return now !== '0' && now !== before
    })
    t.pass(`and without ${process} it does not stay`)
  }
  t.equal((await told()).match(/"type":"ban"/g)?.length, 3, 'no ban was told twice')

  await inside(['systemctl', 'stop', 'xff-jail@shop'])
  for (const unit of ['xff-jail@shop.service', 'xff-jail@shop.socket', 'xff-jail-log@shop.service'])
    t.equal(await show(unit, 'ActiveState'), 'inactive', `${unit} has stopped`)
  await asRoot('unban', '203.0.113.4')
  await inside(['systemctl', 'start', 'xff-jail@shop'])
  await eventuallyBanned('shop', all.slice(1))

  // a jail that has to be root, beside one that is not
  await append('/etc/xff-jail/edge.conf', settings.replace('--port 3031', '--dir /var/lib/denied'))
  await inside(['install', '-d', '-m', '700', '/var/lib/denied'])
  const dropIns = '/etc/systemd/system/xff-jail@edge.service.d'
  await inside(['install', '-D', '-t', dropIns, '/usr/local/lib/xff-jail/drop-ins/root.conf'])
  await append(`${dropIns}/paths.conf`, '[Service]\nReadWritePaths=/var/lib/denied\n')
  await inside(['systemctl', 'daemon-reload'])
  await inside(['systemctl', 'start', 'xff-jail@edge'])
  await eventuallyBanned('edge', all.slice(1))
  t.equal(await inside(['stat', '-c', '%U', '/var/lib/denied/203.0.113.5']), 'root')
  await inside(['systemctl', 'restart', 'xff-jail@shop'])
  await eventuallyBanned('shop', all.slice(1))
  await fail('203.0.113.9')
  for (const name of ['shop', 'edge']) await eventuallyBanned(name, [...all.slice(1), '203.0.113.9'])
  t.notMatch(await inside(['journalctl', '-u', 'xff-jail@*', '-o', 'cat']), /cannot|failed/)

  // another app: its log in the journal, its bans by iptables, and somebody who wants to know
  await append(
    '/etc/xff-jail/wiki.conf',
    "JOURNAL=SYSLOG_IDENTIFIER=uwsgi\nPARSE='--tz UTC'\nWINDOW='--max 3'\nBAN='--port 3032 --packets iptables'\n" +
      "NOTIFY='--mail-to ops@example.com --sendmail /usr/local/bin/mailed --skip-whois --gather 0'\n",
  )
  await append('/usr/local/bin/mailed', '#!/bin/sh\nexec systemd-cat -t mailed\n')
  await inside(['chmod', '755', '/usr/local/bin/mailed'])
  await inside(['systemctl', 'start', 'xff-jail@wiki', 'xff-jail-notify@wiki'])
  await inside(['systemd-cat', '-t', 'uwsgi'], failure('203.0.113.8').repeat(3))
  await eventuallyBanned('wiki', ['203.0.113.8'])
  await waitFor('the mail', async () =>
    (await inside(['journalctl', '-t', 'mailed', '-o', 'cat'])).includes('203.0.113.8'),
  )
  t.pass('a log in the journal, rules of iptables, a mail')

  await append('/etc/xff-jail/typo.conf', settings.replace('3031', '3033 --anwser 403'))
  await inside(['systemctl', 'start', 'xff-jail@typo'])
  // both at once: it may be asked for again while its log is on its way down
  await waitFor('the failure of xff-jail@typo', async () => {
    const state = await show('xff-jail@typo', 'ActiveState,ExecMainStatus')
    if (state === '64\nfailed' || state === 'failed\n64') return true
    throw new Error(`it is ${state}`)
  })
  t.equal(await show('xff-jail@typo', 'NRestarts'), '0', 'a wrong option is no reason to try again')
  for (const name of ['shop', 'wiki', 'edge']) await inside(['systemctl', 'stop', `xff-jail@${name}`])
  await inside(['xff-ban', 'flush', '--name', 'shop', '--port', '3031'])
})

t.test('the pages are right about installing by npm, and about services', { skip, timeout }, async t => {
  const inside = await boot(t)
  const told = ['README.md', 'share/man/xff-jail.7.md']
    .flatMap(blocksOf)
    .map(({ text }) => text)
    .filter(text => /npm pack|npm root|systemctl|journalctl/.test(text))
  t.ok(told.length >= 5, 'they tell of it')
  // a reader takes the time it takes to begin
  const begun = `timeout ${LIMIT / 1000} bash -c '
    until journalctl --quiet --unit xff-jail@shop --grep "bans by" > /dev/null; do sleep 0.1; done'`
  const commands = [`cd '${process.cwd()}'`, ...told].join('\n').replace(/^journalctl/gm, `${begun}\n$&`)
  // the app of the example
  await inside(['install', '-D', '-m', '640', '/dev/null', '/var/log/uwsgi/app/shop.log'])
  // what fails shows what it wrote
  await inside(['env', 'HOME=/root', 'npm_config_offline=true', 'bash', '--norc', '-ec', commands])
  const services = ['xff-jail@shop', 'xff-jail-log@shop']
  await waitFor('both services', async () => {
    const { length } = (await inside(['systemctl', 'is-active', ...services])).match(/^active$/gm) ?? []
    return length === services.length
  })
  t.match(await inside(['man', '-w', '7', 'xff-jail']), /\/man\/(man7\/)?xff-jail\.7$/)
  await inside(['bash', '-c', '. /usr/local/share/bash-completion/completions/xff-ban; complete -p xff-ban'])
  await inside(['systemctl', 'stop', 'xff-jail@shop'])
})
