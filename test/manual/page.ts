/** The manual pages: every option is there, and roff has nothing to say against them. */
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { commandPage } from '../../lib/manual/page.js'
import { COMMANDS } from '../support/commands.js'
import { missing } from '../support/programs.js'
import { tempDir } from '../support/temp-dir.js'

const PAGES = readdirSync('dist/man').map(file => join('dist/man', file))
// wide enough that no line is broken
const env = { MANWIDTH: '1000', MANROFFOPT: '-ww', LC_ALL: 'C.UTF-8' }

/** The page as man shows it. */
async function shown(page: string): Promise<string> {
  const { stdout, stderr } = await execa('man', ['--warnings', '-l', page], { env })
  t.equal(stderr, '', `man warns of nothing in ${page}`)
  return stdout
}

t.test('each command has a page', async t => {
  t.same(new Set(PAGES.map(page => basename(page).replace(/\.\d$/, ''))), new Set([...COMMANDS, 'xff-jail']))
})

t.test('a page shows what --help shows', { skip: missing('man') }, async t => {
  for (const command of COMMANDS) {
    const page = PAGES.find(file => new RegExp(`^${command}\\.[18]$`).test(basename(file))) as string
    const text = await shown(page)
    const flat = text.replace(/\s+/g, ' ')
    for (const heading of ['NAME', 'SYNOPSIS', 'DESCRIPTION', 'OPTIONS', 'EXIT STATUS', 'SEE ALSO']) {
      t.match(text, new RegExp(`^${heading}$`, 'm'), `${command}: ${heading}`)
    }
    const { usage } = await import(`../../lib/${command}/options.js`)
    for (const [name, { describe }] of Object.entries<{ describe: string }>(usage.options)) {
      t.match(text, new RegExp(`^ +(--[\\w-]+.*, )?--${name}\\b`, 'm'), `${command} --${name}`)
      t.ok(flat.includes(describe), describe)
    }
  }
})

t.test('mandoc reads every page without a complaint', { skip: missing('mandoc') }, async t => {
  for (const page of PAGES) {
    const { stdout } = await execa('mandoc', ['-Tlint', '-Wwarning', page], { reject: false })
    // a date would make every build another page
    t.same(
      stdout.split('\n').filter(line => line !== '' && !line.includes('missing date')),
      [],
      page,
    )
  }
})

t.test('characters that mean something to roff are text in a page', { skip: missing('man') }, async t => {
  const hostile = ".so /etc/passwd \\fB\\n(.s 'it''s' `x` ^~ --a-b \\"
  const usage = {
    command: 'x',
    describe: 'Does.',
    options: { o: { describe: hostile, parse: () => 0 } },
    examples: [],
  }
  const page = commandPage(
    usage,
    '1',
    '0',
    `# DESCRIPTION\n\n.de x\n\n    'nf\n    .. a\n\n# A\n\n.x\n:   'y\n`,
  )
  const file = join(tempDir(t, { 'x.1': page }), 'x.1')
  const text = await shown(file)
  t.ok(text.includes(hostile.replaceAll('`x`', 'x')), text)
  for (const line of ['.de x', "'nf", '.. a', ".x     'y"]) t.ok(text.includes(` ${line}\n`), line)
  t.throws(() => commandPage(usage, '1', '0', '# FILES\n\nx\n'), /DESCRIPTION/)
})

t.test('no page holds what roff may show otherwise elsewhere', async t => {
  for (const page of PAGES) t.notMatch(readFileSync(page, 'utf8'), /[^\n\x20-\x7e]/, page)
})
