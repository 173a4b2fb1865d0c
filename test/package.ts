/** The package as users get it: packed, installed, run from anywhere. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, delimiter, join, resolve } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { COMMANDS } from './support/commands.js'
import { missing } from './support/programs.js'
import { tempDir } from './support/temp-dir.js'

t.test('npm pack, npm install --global, and the commands answer from any folder', async t => {
  const dir = tempDir(t)
  const { version, man } = JSON.parse(readFileSync('package.json', 'utf8'))
  const pages = (man as string[]).map(page => basename(page))
  // what prepack would build is built
  await execa('npm', ['pack', '--ignore-scripts', '--pack-destination', dir])
  const tarball = join(dir, `xff-jail-${version}.tgz`)
  const prefix = resolve(dir, 'prefix')
  await execa('npm', ['install', '--global', '--prefix', prefix, '--offline', tarball], { cwd: dir })
  t.ok(existsSync(join(prefix, 'lib/node_modules/xff-jail/dist/xff-ban.bpf.o')), 'with the kernel program')
  const shipped = (folder: string) => readdirSync(join(prefix, 'lib/node_modules/xff-jail', folder)).sort()
  const licences = readFileSync(join(prefix, 'lib/node_modules/xff-jail/dist/THIRD-PARTY-LICENSES'), 'utf8')
  // of bundles, of the libraries beside them, and of what is compiled into WebAssembly
  for (const name of [
    'yargs',
    'split2',
    'ipaddr.js',
    'execa',
    'nodemailer',
    'yaml',
    '@rgrove/parse-xml',
    '@nats-io/transport-node',
    '@nats-io/nkeys',
    '@opentelemetry/api',
    'assemblyscript',
  ])
    t.match(
      licences,
      new RegExp(`^${name} [\\d.]+ \\(.+\\)\n\n.*Copyright`, 'ms'),
      `ships the licence of ${name}`,
    )
  t.notMatch(licences, /^(typescript|esbuild|tap|string-width) /m, 'and of nothing that is not shipped')
  for (const folder of [
    'dist/completion/bash',
    'dist/completion/zsh',
    'dist/drop-ins',
    'share/systemd',
    'share/examples',
  ])
    t.same(shipped(folder), readdirSync(folder).sort(), folder)
  t.same([...pages].sort(), readdirSync('dist/man').sort(), 'every manual page is named for npm')
  const PATH = [join(prefix, 'bin'), process.env.PATH].join(delimiter)
  for (const page of missing('man') ? [] : pages) {
    const { stdout } = await execa('man', ['-w', page.replace(/\.\d$/, '')], { env: { PATH } })
    t.match(stdout, prefix, `man finds ${page} for whoever has the commands in PATH`)
  }
  for (const command of COMMANDS) {
    const run = (args: string[]) => execa(join(prefix, 'bin', command), args, { cwd: tmpdir(), input: '' })
    t.equal((await run(['--version'])).stdout, version, `${command} --version`)
    t.match((await run(['--help'])).stdout, new RegExp(`^${command} `), 'help')
  }
})
