/** The package as users get it: packed, installed, run from anywhere. */
import { existsSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { COMMANDS } from './support/commands.js'

t.test('npm pack, npm install --global, and the commands answer from any folder', async t => {
  const dir = t.testdir()
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
  // what prepack would build is built
  await execa('npm', ['pack', '--ignore-scripts', '--pack-destination', dir])
  const tarball = join(dir, `xff-jail-${version}.tgz`)
  const prefix = resolve(dir, 'prefix')
  await execa('npm', ['install', '--global', '--prefix', prefix, '--offline', tarball], { cwd: dir })
  const object = 'dist/xff-ban.bpf.o'
  const installed = join(prefix, 'lib/node_modules/xff-jail', object)
  t.equal(existsSync(installed), existsSync(object), 'with the kernel program, where it could be built')
  for (const command of COMMANDS) {
    const run = (args: string[]) => execa(join(prefix, 'bin', command), args, { cwd: tmpdir(), input: '' })
    t.equal((await run(['--version'])).stdout, version, `${command} --version`)
    t.match((await run(['--help'])).stdout, new RegExp(`^${command} \\[options\\]\n\n.*\n\nOptions:`), 'help')
  }
})
