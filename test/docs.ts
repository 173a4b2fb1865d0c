/**
 * The pages are true: every block of commands in them runs, the records they show are those that the commands write,
 * what they point to is there, and every promise of THREATS.md names tests that are there.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { execa } from 'execa'
import t, { type Test } from 'tap'
import { kernelTest } from './kernel/lab/needs.js'
import { withCommands } from './support/commands.js'
import { blocksOf } from './support/markdown.js'
import { READER, runAsReader } from './support/reader.js'
import { tempDir } from './support/temp-dir.js'

const PAGES = [
  'README.md',
  'CONTRIBUTING.md',
  'THREATS.md',
  'SECURITY.md',
  'CHANGELOG.md',
  ...['docs', 'share'].flatMap(folder =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter(file => file.endsWith('.md'))
      .map(file => join(folder, file)),
  ),
]
const BLOCKS = PAGES.flatMap(blocksOf)

/** What is shown and not run: configuration (what is in share is run by test/kernel/recipes.ts), records, output. */
const SHOWN = ['apache', 'caddy', 'haproxy', 'ini', 'mermaid', 'nginx', 'yaml', 'json', 'text', 'ts']

/** Commands that are not run here, each with the reason. */
const ELSEWHERE: readonly (readonly [RegExp, string])[] = [
  [/xff-bus /, 'asks a broker, and is run with one by test/xff-bus/bus.ts'],
  [/ xff-ban --(nginx|haproxy) /, 'asks for that server, and is run with it by test/kernel/recipes.ts'],
  [/^xff-ban check /, 'asks through a front end, and is run with one by test/kernel/check.ts'],
  [/^xff-jail /, 'asks for jails, and is run with one by test/kernel/deb.ts and test/xff-jail'],
  [/^apt-get install \.\//, 'is done by test/kernel/deb.ts, with dpkg'],
  [/^apt-get /, 'is run by test/support/fresh, which begins with it'],
  [
    /npm |systemctl|journalctl|\/etc\/xff-jail\/shop/,
    'is run by test/kernel/systemd.ts, where there is a systemd',
  ],
]

/** The pipeline so far, where a page goes on from `…`. */
const SO_FAR = 'tail -F uwsgi.log | uwsgi-parse | xff-window'

/** What a reader has done before he comes to such a command. */
const BEFORE: readonly (readonly [RegExp, string])[] = [
  [
    /^(xff-ban (list|ban|unban|flush|allow|crawlers)|xff-top --find)/m,
    `mkfifo input
    xff-ban --port 3031 < input > /dev/null & exec 9> input
    echo '{"type":"ban","ip":"203.0.113.7"}' >&9
    until xff-ban list | grep -q 203.0.113.7; do sleep 0.05; done`,
  ],
  [/^grep check-404/, `sed '1!d; s, /[^ ]*, /check-404,' uwsgi.log > /var/log/uwsgi/app.log`],
]

// a block that does not say what it is, is taken for commands
const run = new Set<string>()
for (const { file, line, language, text } of BLOCKS.filter(({ language }) => !SHOWN.includes(language))) {
  const title = `${file}:${line}: ${text.split('\n')[0]}`
  const reason = ELSEWHERE.find(([command]) => command.test(text))?.[1]
  if (reason !== undefined) t.comment(`${title}: ${reason}`)
  if (reason !== undefined || run.has(text)) continue
  run.add(text)
  const first = BEFORE.filter(([command]) => command.test(text)).map(([, lines]) => lines)
  const commands = (language === 'cron' ? fromCron(text) : text).replace(/…(?= \|)/g, SO_FAR)
  const story = async (t: Test) => {
    const { exitCode, all } = await runAsReader(tempDir(t), [...first, commands].join('\n'))
    t.equal(exitCode, 0, 'runs', { all })
  }
  kernelTest(title, READER, story)
}

/** The commands of a crontab, without when and as whom they run. */
function fromCron(text: string): string {
  return text.replace(/^(?:\S+\s+){5}(?:root\s+)?/gm, '')
}

t.test('the records of the README are what the commands write', async t => {
  const shown = (language: string) =>
    BLOCKS.filter(block => block.file === 'README.md' && block.language === language).map(({ text }) => text)
  const write = async (commands: string, input: string) =>
    (await execa('bash', ['-c', commands], { env: withCommands({ TZ: 'UTC' }), input })).stdout
  const [line = ''] = shown('text')
  const [request = '', decided = '', ...carriedOut] = shown('json').join('').trimEnd().split('\n')
  t.equal(await write('uwsgi-parse --tally 0', line), request)
  const log = readFileSync('fixtures/attack/uwsgi.log', 'utf8')
  t.match(await write('uwsgi-parse | xff-window', log), decided)
  const bans = await write('uwsgi-parse | xff-window | xff-ban --dry-run --clock log', log)
  for (const record of carriedOut) t.match(bans, record)
})

t.test('what the pages point to is there', async t => {
  const installs = readFileSync('Makefile', 'utf8')
  const names = new Set(
    ['bin', 'lib', 'test', 'share'].flatMap(folder =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' }).map(file => basename(file)),
    ),
  )
  for (const page of PAGES) {
    const text = readFileSync(page, 'utf8')
    for (const [, target = ''] of text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)) {
      t.ok(existsSync(join(dirname(page), target)), `${page}: ${target}`)
    }
    for (const [, path = ''] of text.matchAll(/`((?:lib|bin|test|fixtures|share)\/[\w./-]+)`/g)) {
      // or, below the prefix, once it is installed
      t.ok(existsSync(path) || installs.includes(path), `${page}: ${path}`)
    }
    // one that stands alone is somewhere
    for (const [, name = ''] of text.matchAll(/`([\w-]+(?:\.[\w-]+)*\.(?:ts|c|h))`/g)) {
      t.ok(names.has(name), `${page}: ${name}`)
    }
  }
})

/** How GitHub names the place of a heading. */
const slug = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')

t.test('a place within a page, to which a page points, is there', async t => {
  const places = new Map(
    PAGES.map(page => {
      const text = readFileSync(page, 'utf8').replace(/^```.*?^```/gms, '')
      return [page, [...text.matchAll(/^#+ (.*)/gm)].map(([, heading = '']) => slug(heading))]
    }),
  )
  for (const page of PAGES) {
    for (const [, target = '', place = ''] of readFileSync(page, 'utf8').matchAll(
      /\]\(([^)#:]*)#([^)]*)\)/g,
    )) {
      const file = target === '' ? page : join(dirname(page), target)
      t.ok(places.get(file)?.includes(place), `${page}: ${target}#${place}`)
    }
  }
})

t.test('README points to every page for users', async t => {
  const text = readFileSync('README.md', 'utf8')
  for (const page of PAGES.filter(page => page.startsWith('docs/'))) t.match(text, `](${page})`)
})

/** What tells how a front end speaks to uWSGI, on which it depends whether the header may be believed. */
const SETUP =
  /proxy_pass|uwsgi_pass|uwsgi protocol|HTTP|http-socket|mod_proxy|HAProxy|Caddy|Traefik|load balancer|CDN/

t.test('log-x-forwarded-for never stands without the setup that it is for', async t => {
  const pages = [...PAGES, ...readdirSync('share/man').map(file => join('share/man', file))]
  for (const page of pages.filter(page => !['CHANGELOG.md', 'THREATS.md'].includes(page))) {
    const text = readFileSync(page, 'utf8')
    // the page of one front end is about it
    if (page.startsWith('share/front-ends/') && page !== 'share/front-ends/uwsgi.md') continue
    // paragraphs, rows of tables and blocks, each with what stands before it
    const parts = text.split(/\n{2,}|\n(?=\|)/)
    for (const [i, part] of parts.entries())
      if (part.includes('log-x-forwarded-for'))
        t.match(`${parts[i - 1]}\n${part}`, SETUP, `${page}: ${part.slice(0, 70)}`)
  }
})

t.test('every promise of THREATS.md names tests that are there', async t => {
  const text = readFileSync('THREATS.md', 'utf8')
  const [, promises = '', limits = ''] =
    /^## What holds$(.*)^## What nobody can promise$(.*)/ms.exec(text) ?? []
  const items = promises.split(/^- /m).slice(1)
  t.ok(items.length > 20)
  for (const item of [...items, ...limits.split(/^- /m).slice(1)]) {
    const one = item.split('\n\n')[0]?.replace(/\s+/g, ' ') ?? ''
    const named = [...one.matchAll(/`(test\/[\w./-]+)`: ("[^"]+"(?:, "[^"]+")*)/g)]
    const cases = [...one.matchAll(/`(fixtures\/[\w./-]+)`/g)]
    if (items.includes(item)) t.ok(named.length + cases.length > 0, one)
    for (const [, file = '', titles = ''] of named) {
      const source = readFileSync(file, 'utf8')
      for (const [, title = ''] of titles.matchAll(/"([^"]+)"/g))
        t.ok(source.includes(title), `${file}: ${title}`)
    }
    for (const [, folder = ''] of cases) t.ok(existsSync(join(folder, 'cmd')), folder)
  }
})
