/**
 * The Debian package with Node inside, from its installation to its purge, on a machine without Node: a systemd in
 * namespaces of its own, over a copy of this machine's files. And what is in the packages.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { boot, type Inside } from '../support/booted.js'
import { buildPackages } from '../support/build-packages.js'
import { COMMANDS } from '../support/commands.js'
import { failure } from '../support/failure.js'
import { missing } from '../support/programs.js'
import { tempDir } from '../support/temp-dir.js'
import { LIMIT, waitFor } from '../support/wait-for.js'

const FOLDER = resolve('build/deb')
const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
const arch = process.arch === 'arm64' ? 'arm64' : 'amd64'
const [FULL, SMALL] = [arch, 'all'].map(one => join(FOLDER, `xff-jail_${version}_${one}.deb`))
const noDpkg = missing('dpkg-deb', 'strip')
const skip =
  noDpkg ||
  missing('systemd-analyze', 'python3', 'iptables', 'ipset', 'nft', 'nginx') ||
  (process.getuid?.() !== 0 && 'only root boots a systemd')
/** How long one test may take, in milliseconds: longer than any one of its waits. */
const timeout = 5 * LIMIT

// large, and made in seconds
const built = noDpkg ? undefined : buildPackages('deb')

t.test(
  'the packages hold all of it, and are told apart by their checksums',
  { skip: noDpkg, timeout },
  async t => {
    await built
    await execa('sha256sum', ['--check', '--strict', 'SHA256SUMS'], { cwd: FOLDER })
    for (const [deb = '', depends] of [
      [FULL, /^libc6 .*bpftool, iproute2/],
      [SMALL, /^nodejs \(>= 20\.9\), bpftool, iproute2/],
    ] as const) {
      const dir = tempDir(t)
      await execa('dpkg-deb', ['--extract', deb, dir])
      t.match((await execa('dpkg-deb', ['--field', deb, 'Depends'])).stdout, depends)
      const files = (await execa('dpkg-deb', ['--contents', deb])).stdout
      t.notMatch(files, /^(?!\S+ root\/root )/m, 'all of it belongs to root')
      for (const command of COMMANDS) {
        t.ok(readdirSync(join(dir, 'usr/bin')).includes(command), command)
        t.match(files, `usr/share/bash-completion/completions/${command}`)
      }
      for (const page of readdirSync('dist/man'))
        t.match(files, `usr/share/man/man${page.slice(-1)}/${page}.gz`)
      for (const unit of readdirSync('share/systemd')) t.match(files, `usr/lib/systemd/system/${unit}`)
      for (const file of [
        'etc/xff-jail/',
        'usr/share/doc/xff-jail/copyright',
        'usr/lib/xff-jail/xff-ban.bpf.o',
      ])
        t.match(files, file)
      const bom = JSON.parse(readFileSync(deb.replace(/deb$/, 'cdx.json'), 'utf8'))
      const parts = bom.components.map(({ name }: { name: string }) => name)
      t.ok(parts.includes('yargs'), 'libraries are in the bill of materials')
      for (const part of ['node', 'openssl', 'v8']) t.equal(parts.includes(part), deb === FULL, part)
      const before = readFileSync(deb)
      const again = [
        'packaging/deb/build',
        ...(deb === FULL ? ['full', arch, `build/single/${arch}/xff-jail-commands`] : ['small']),
      ]
      await execa('bash', again, { env: { DEB_COMPRESS: 'none' } })
      t.ok(before.equals(readFileSync(deb)), 'built again it has the same bytes')
    }
  },
)

t.test('one executable is all of the commands', { skip: noDpkg, timeout }, async t => {
  await built
  const dir = tempDir(t)
  await execa('dpkg-deb', ['--extract', FULL ?? '', dir])
  const env = { PATH: `${join(dir, 'usr/bin')}:/bin`, TZ: 'UTC', NODE_OPTIONS: '' }
  const run = (line: string) =>
    execa('/bin/bash', ['-c', line], { env, extendEnv: false, inputFile: 'fixtures/attack/uwsgi.log' })
  for (const command of COMMANDS) t.equal((await run(`${command} --version`)).stdout, version, command)
  const line = 'uwsgi-parse 2>/dev/null | xff-window 2>/dev/null | xff-ban --dry-run --clock log'
  const here = { PATH: `${resolve('build/path')}:${process.env.PATH}`, TZ: 'UTC', NODE_OPTIONS: '' }
  const expected = await execa('bash', ['-c', line], { env: here, inputFile: 'fixtures/attack/uwsgi.log' })
  t.equal((await run(line)).stdout, expected.stdout, 'it bans whom the commands ban')
  const program = join(dir, 'usr/lib/xff-jail/xff-jail-commands')
  t.equal((await run(`${program} ${join(dir, 'usr/lib/xff-jail/uwsgi-parse.js')} --version`)).stdout, version)
  t.equal((await execa(program, ['--metrics'], { reject: false })).exitCode, 64)
})

/** Answers every request, to port 3031 of the host. */
const APP =
  'import http.server; http.server.test(http.server.SimpleHTTPRequestHandler, port=3031, bind="127.0.0.1")'
/** Prints the status of a request in the name of a client. */
const REQUEST = `
import http.client, sys
c = http.client.HTTPConnection("127.0.0.1", 3031); c.request("GET", "/", headers={"X-Forwarded-For": sys.argv[1]})
print(c.getresponse().status)`

/** Prints what stands of bans: rules, sets, tables, programs, lines of nginx. */
const STANDS = [
  'sh',
  '-c',
  `for table in mangle filter; do iptables-save -t $table; done | grep -v "^[#:]\\(.* \\(ACCEPT\\|on\\) \\)\\|INPUT ACCEPT"
   nft list tables | grep -v "table ip"; ipset save; tc filter show dev lo ingress; tc qdisc show dev lo
   cat /etc/nginx/banned.conf`,
]

/** Starts jails that ban by rules of iptables, in a set, and in nginx, and bans somebody in each. */
async function startOtherWays(inside: Inside): Promise<void> {
  const settings = (ban: string) => `LOG=/var/log/uwsgi/app/shop.log\nPARSE='--tz UTC'\nBAN='${ban}'\n`
  for (const [jail, ban] of [
    ['wiki', '--port 3032 --packets iptables'],
    ['edge', '--set banned'],
    ['front', '--nginx /etc/nginx/banned.conf'],
  ] as const)
    await inside(['tee', `/etc/xff-jail/${jail}.conf`], settings(ban))
  const dropIn = ['/usr/lib/xff-jail/drop-ins/nginx.conf', '/etc/systemd/system/xff-jail@front.service.d/']
  await inside(['install', '-D', '-m', '644', '-t', ...dropIn.reverse()])
  await inside(['tee', '/etc/nginx/conf.d/bans.conf'], 'include /etc/nginx/banned.conf;\n')
  await inside(['sh', '-c', 'systemctl daemon-reload && systemctl start nginx'])
  for (const jail of ['wiki', 'edge', 'front']) {
    await inside(['systemctl', 'start', `xff-jail@${jail}`])
    await waitFor(`${jail} and its ban`, () =>
      inside(['xff-jail', 'ban', '203.0.113.7', '--jail', jail]).then(() => true),
    )
  }
}

t.test(
  'the package installs, bans, is upgraded and purged without Node and without a trace',
  { skip, timeout },
  async t => {
    await built
    const inside = await boot(t)
    const answer = (client: string) => inside(['python3', '-c', REQUEST, client])
    const text = async (argv: string[]) => (await inside(['sh', '-c', '"$@" 2>&1', 'sh', ...argv])).trimEnd()
    await inside(['sh', '-c', 'rm -f $(command -v -a node nodejs npm) /usr/bin/node /usr/local/bin/node'])
    await inside(['ip', 'link', 'set', 'lo', 'up'])
    await inside(['touch', '/etc/nginx/banned.conf'])
    const before = await inside(['ls', '/etc', '/var/lib', '/usr/lib', '/usr/bin'])

    const untouched = await text(STANDS)

    await inside(['dpkg', '--install', FULL ?? ''])
    await inside(['mkdir', '-p', '/var/log/uwsgi/app', '/srv/app'])
    await inside(['install', '-m', '640', '/dev/null', '/var/log/uwsgi/app/shop.log'])
    await inside([
      'systemd-run',
      '--quiet',
      '--unit',
      'app',
      '--working-directory=/srv/app',
      'python3',
      '-c',
      APP,
    ])
    await waitFor('the app', async () => (await answer('203.0.113.5')) === '200')
    await inside(
      ['tee', '/etc/xff-jail/shop.conf'],
      "LOG=/var/log/uwsgi/app/shop.log\nPARSE='--tz UTC'\nWINDOW='--max 3'\nBAN='--port 3031'\n",
    )
    await inside(['systemctl', 'enable', '--now', 'xff-jail@shop'])
    await inside(['tee', '-a', '/var/log/uwsgi/app/shop.log'], failure('203.0.113.5').repeat(3))
    await waitFor('the ban', async () => (await answer('203.0.113.5')) === '403')
    t.equal(await answer('203.0.113.6'), '200', 'and nobody else')
    t.match(await inside(['xff-jail', 'list']), /^\{"jail":"shop",.*"ip":"203\.0\.113\.5"/)
    t.match(await inside(['xff-jail', 'why', '203.0.113.5']), /"jail":"shop","bans":\[\{"type":"ban"/)

    const status = async () => JSON.parse(await inside(['xff-jail', 'status']))
    const known = await waitFor('all that status knows', async () => {
      const found = await status()
      return found.requests === 3 && found.hits >= 1 && found
    })
    t.match(known, {
      ...{
        jail: 'shop',
        running: true,
        lines: 3,
        requests: 3,
        foreign: 0,
        way: /bpf/,
        ports: [3031],
        bans: 1,
      },
      ...{ log: [{ file: '/var/log/uwsgi/app/shop.log' }], amiss: [] },
    })
    t.ok(known.log[0].age >= 0 && known.lag >= 0)

    await inside(['dpkg', '--install', FULL ?? ''])
    t.equal(await answer('203.0.113.5'), '403', 'an upgrade leaves the ban')
    t.equal(await inside(['systemctl', 'is-active', 'xff-jail@shop']), 'active')
    await waitFor('the control socket', () => inside(['xff-jail', 'ban', '203.0.113.7']))
    await inside(['xff-jail', 'unban', '203.0.113.5'])
    t.equal(await answer('203.0.113.5'), '200')
    t.equal(await answer('203.0.113.7'), '403')

    await startOtherWays(inside)
    const stand = async (when: string) => {
      const ways = await text(STANDS)
      for (const way of [/^:wiki /m, /^table inet xff-ban\/wiki/m, /^add banned 203\.0\.113\.7 /m, /xff_ban/])
        t.match(ways, way, when)
    }
    await stand('before it goes')

    const said = await text(['dpkg', '--remove', 'xff-jail'])
    t.match(said, /xff-jail: 4 bans stand, and end by themselves/)
    t.match(said, /xff-jail unban --jail shop 203\.0\.113\.7/)
    t.match(said, /xff-jail: those of front \(--nginx, --on-ban, --push, --dir\) do not end without it/)
    t.match(said, /xff-jail: stops .*xff-jail@shop\.service/)
    t.equal(await answer('203.0.113.7'), '403', 'removed, its bans stand')
    await stand('and in every other way')
    const left = await text(['dpkg', '--purge', 'xff-jail'])
    t.match(left, /\/etc\/nginx\/banned\.conf is empty now/)
    t.equal(await answer('203.0.113.7'), '200', 'purged, they do not')
    t.equal(await inside(['ls', '/etc', '/var/lib', '/usr/lib', '/usr/bin']), before, 'and nothing is left')
    t.notMatch(await inside(['find', '/etc', '/var', '/run', '/sys/fs/bpf', '-name', '*xff*']), /xff/)
    t.equal(await text(STANDS), untouched)
  },
)
