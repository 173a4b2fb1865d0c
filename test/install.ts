/** What the Makefile does for people: `make install` and `uninstall`, into a folder of their own, and `make run`. */
import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { COMMANDS } from './support/commands.js'
import { tempDir } from './support/temp-dir.js'

/** All that is no folder, by its path from there. */
function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => !entry.isDirectory())
    .map(entry => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort()
}

/** What messages and manual pages name of the pages and examples, with the file that does. */
function pagesNamed(): [file: string, named: string][] {
  const sources = filesOf('lib').filter(file => file.endsWith('.ts'))
  const texts = [
    ...sources.map(file => join('lib', file)),
    ...filesOf('share/man').map(file => join('share/man', file)),
  ]
  const named = texts.flatMap(file =>
    [
      ...readFileSync(file, 'utf8').matchAll(
        /(?<![\w/:.-])(?:share\/(?!man)|docs\/|front-ends\/)[\w./-]*\w/g,
      ),
    ].map(([path]): [string, string] => [file, path]),
  )
  return named
}

t.test('install puts all of it in its place, uninstall removes it and nothing else', async t => {
  const dir = tempDir(t)
  const make = (target: string) => execa('make', [target, `DESTDIR=${dir}`, 'PREFIX=/opt/x'])
  const prefix = join(dir, 'opt/x')
  await make('install')
  const installed = filesOf(prefix)
  for (const command of COMMANDS) {
    t.equal(readlinkSync(join(prefix, 'bin', command)), `../lib/xff-jail/${command}.js`)
    const { stdout } = await execa(join(prefix, 'bin', command), ['--help'], { env: { NODE_OPTIONS: '' } })
    t.match(stdout, new RegExp(`^${command} `))
    for (const file of [
      `share/bash-completion/completions/${command}`,
      `share/zsh/site-functions/_${command}`,
    ])
      t.ok(installed.includes(file), file)
  }
  for (const file of ['LICENSE', 'THIRD-PARTY-LICENSES', 'xff-ban.bpf.o'])
    t.ok(installed.includes(`lib/xff-jail/${file}`), file)
  for (const page of readdirSync('dist/man'))
    t.ok(installed.includes(`share/man/man${page.slice(-1)}/${page}`), page)
  for (const unit of readdirSync('share/systemd'))
    t.ok(installed.includes(`lib/systemd/system/${unit}`), unit)
  for (const folder of ['examples', 'containers', 'front-ends', 'grafana', 'lnav', 'prometheus', 'push']) {
    for (const file of readdirSync(join('share', folder)))
      t.ok(installed.includes(`share/doc/xff-jail/${folder}/${file}`), file)
  }

  for (const page of readdirSync('docs')) t.ok(installed.includes(`share/doc/xff-jail/docs/${page}`), page)
  for (const [file, named] of pagesNamed())
    t.ok(
      installed.some(path => `${path}/`.startsWith(`${named}/`)),
      `${file} names ${named}, which is installed`,
    )
  const page = join(prefix, 'share/doc/xff-jail/docs/bans.md')
  for (const [, link = ''] of readFileSync(page, 'utf8').matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g))
    t.ok(existsSync(join(dirname(page), link)), `a link of an installed page leads to ${link}`)

  // of others, in every folder
  const others = [...new Set(installed.map(dirname))].map(folder => join(folder, 'of-another'))
  for (const other of others) writeFileSync(join(prefix, other), '')
  await make('uninstall')
  t.same(filesOf(prefix), others.sort())
  const ours = others.filter(file => /^(lib|share\/doc)\/xff-jail\//.test(file))
  for (const other of ours) rmSync(join(prefix, other))
  await make('uninstall')
  t.notOk(readdirSync(join(prefix, 'lib')).includes('xff-jail'), 'its own folders go when they are empty')
  t.notOk(readdirSync(join(prefix, 'share/doc')).includes('xff-jail'))
  t.match(readFileSync('Makefile', 'utf8'), 'PREFIX ?= /usr/local\n')
})

t.test('run shows the pipeline, and who would have been banned when and why', async t => {
  const { stdout } = await execa('make', ['run'], { env: { NODE_OPTIONS: '', TZ: 'UTC' } })
  const lines = stdout.split('\n')
  const first = lines.indexOf('uwsgi-parse < fixtures/attack/uwsgi.log > requests.jsonl')
  t.match(lines[first + 1], /^xff-window < requests\.jsonl \| xff-ban --dry-run --clock log \| /)
  t.match(stdout, /^203\.0\.113\.23 +06:48:36 +07:48:36 +over +1 +10 +404 GET \S+$/m)
})
