/** What xff-jail setup asks whoever sits at a terminal: wrong answers are told, and nothing is written without a yes. */
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import t from 'tap'
import { askAt } from '../../lib/xff-jail/setup/ask.js'
import { bundle } from '../support/commands.js'
import { missing } from '../support/programs.js'
import { tempDir } from '../support/temp-dir.js'
import { terminal } from '../support/tmux.js'

const skip = missing('tmux')
const ini = (port: number) => `[uwsgi]\nhttp-socket = :${port}\n`
const FRONT = /What stands before the app\?\n(.*\n){6}> *$/
const CDN = /Does a CDN .*\n> *$/
const LOG = /Where is the log of its requests\?\n> *$/
const WRITE = /Write what is to be written\?\n +1 +no\n +2 +yes\n> *$/

/** A machine with these apps, and xff-jail setup at a terminal of a tmux. */
async function sitDown(t: Parameters<typeof tempDir>[0], apps: Record<string, string>, options = '') {
  const root = tempDir(t, { etc: { uwsgi: apps } })
  const at = await terminal(t, [350, 90], `${bundle('xff-jail')} setup --root ${root} ${options}`)
  return {
    ...at,
    file: (name: string) => join(root, `etc/xff-jail/${name}.conf`),
    shows: async (what: RegExp) => await at.shows(new RegExp(what.source.replace(/\$$/, '\\s*$'))),
    type: (text: string) => at.keys(...(text === '' ? [] : ['-l', text])).then(() => at.keys('Enter')),
  }
}

const TWO = { 'shop.ini': ini(3031), 'wiki.ini': ini(3032) }

t.test('it asks for what it does not find, and again after a wrong answer', { skip }, async t => {
  const { shows, type, keys, file } = await sitDown(t, TWO)
  await shows(/For which app\?\n +1 +shop\n +2 +wiki\n> *$/)
  for (const wrong of ['3', '0', 'wikipedia', ' ', '1x'])
    await type(wrong).then(() =>
      shows(new RegExp(`expected shop, wiki or the number of one, got "${wrong.trim()}"\n> *$`)),
    )
  await type(' wiki ')
  await shows(FRONT)
  await type('nignx')
  await shows(/expected nginx, haproxy, .* got "nignx"\n> *$/)
  await keys('-l', 'ngi')
  await keys('BSpace', 'BSpace', 'BSpace')
  await type('h')
  await shows(/Does a CDN or a load balancer stand before haproxy\?.*\n> *$/)
  await type('cloudflar')
  await shows(/expected addresses, .* got "cloudflar" \(did you mean cloudflare\?\)\n> *$/)
  await type('198.51.100.0/24, cloudflare')
  await shows(LOG)
  await type('')
  await type('wiki.log')
  await shows(/expected a path that begins with \/, got ""\n> expected|got "wiki\.log"\n> *$/)
  await type('/var/log/wiki.log')
  const plan = await shows(WRITE)
  t.match(plan, /^To be written, \/etc\/xff-jail\/wiki\.conf:$/m)
  t.match(
    plan,
    /^ {2}xff-jail setup wiki --root \S+ --front haproxy --log \/var\/log\/wiki\.log --trust 198\.51\.100\.0\/24 --trust cloudflare --trust private --write$/m,
    'the same without questions',
  )
  await type('maybe')
  await shows(/expected no, yes or the number of one, got "maybe"\n> *$/)
  t.notOk(existsSync(file('wiki')))
  await type('y')
  t.match(await shows(/exit 0/), /^Written, \/etc\/xff-jail\/wiki\.conf:$/m)
  t.equal(
    readFileSync(file('wiki'), 'utf8'),
    "LOG=/var/log/wiki.log\nPARSE='--socket http --trust 198.51.100.0/24 --trust cloudflare --trust private'\n" +
      "WINDOW='--max 10 --find 300'\n" +
      "BAN='--port 3032 --trust 198.51.100.0/24 --trust cloudflare --trust private --time 1h'\n",
  )
})

const LOGGED = { 'shop.ini': `${ini(3031)}req-logger = file:/var/log/shop.log\n` }

t.test('no writes nothing, and says so', { skip }, async t => {
  const { shows, type, file } = await sitDown(t, LOGGED, '--front nginx')
  await shows(CDN)
  await type('no')
  await shows(WRITE)
  await type('no')
  await shows(/> no\nNothing is written\.\nexit 0/)
  t.notOk(existsSync(file('shop')))
})

t.test('--write asks before it writes what was answered, and not where nothing was', { skip }, async t => {
  const asked = await sitDown(t, LOGGED, '--front nginx --write')
  await asked.shows(CDN)
  await asked.type('cloudflare')
  await asked.shows(WRITE)
  t.notOk(existsSync(asked.file('shop')))
  await asked.type('2')
  await asked.shows(/exit 0/)
  t.ok(existsSync(asked.file('shop')))

  const told = await sitDown(t, LOGGED, '--front nginx --trust cloudflare --write')
  t.notMatch(await told.shows(/exit 0/), /\?/)
  const [bySaying, byAnswering] = [told, asked].map(({ file }) => readFileSync(file('shop'), 'utf8'))
  t.equal(bySaying, byAnswering, 'what is given says what the answer says')
  t.match(bySaying, / --trust cloudflare --trust private/)
})

for (const [key, message, code] of [
  ['C-c', 'ended by Ctrl-C: nothing is written', 130],
  ['C-d', 'the answers ended before the last question: nothing is written', 66],
] as const)
  t.test(`${key} ends it, with nothing written`, { skip }, async t => {
    const apps = { 'shop.ini': ini(3031) }
    for (const [i, question] of [FRONT, CDN, LOG, WRITE].entries()) {
      const { shows, type, keys, file } = await sitDown(t, apps, '--write')
      for (const answer of ['nginx', '', '/var/log/shop.log'].slice(0, i)) await type(answer)
      await shows(question)
      await keys(key)
      await shows(new RegExp(`\nxff-jail: ${message}\nexit ${code}$`))
      t.notOk(existsSync(file('shop')), String(question))
    }
  })

t.test('where nothing is found it asks for the port', { skip }, async t => {
  const { shows, type } = await sitDown(t, {}, 'blog')
  await shows(
    /found no configuration of uWSGI .*\n.*\nAt which port does the app listen\?\n> *$|listen\?\n> *$/,
  )
  for (const wrong of ['', '0', '65536', 'http'])
    await type(wrong).then(() => shows(new RegExp(`expected a port, got "${wrong}"\n> *$`)))
  await type('8000')
  await shows(FRONT)
  await type('other')
  await shows(CDN)
  await type('')
  await shows(LOG)
  await type('/var/log/blog.log')
  t.match(await shows(WRITE), /^ +PARSE='--layout gunicorn'\n.*\n +BAN='--port 8000 --time 1h'$/m)
})

t.test(
  'a settings file that says something else is told before a yes, and not asked about',
  { skip },
  async t => {
    const first = await sitDown(t, LOGGED, '--front nginx --trust cloudflare --write')
    await first.shows(/exit 0/)
    const root = first.file('shop').replace('/etc/xff-jail/shop.conf', '')
    const second = await terminal(
      t,
      [350, 90],
      `${bundle('xff-jail')} setup --root ${root} --front nginx --trust fastly`,
    )
    const seen = await second.shows(/exit 0/)
    t.match(seen, /shop\.conf says something else and stays as it is; this would be:/)
    t.notMatch(seen, /Write what/)
    rmSync(root, { recursive: true })
  },
)

t.test('answers that are pasted at once wait for their questions', async t => {
  const input = new PassThrough()
  const { ask, close } = askAt(input, new PassThrough().resume())
  input.write('2\nx\n\n')
  t.equal(await ask({ text: 'which?', choices: ['a', 'b'] }), 'b')
  t.equal(await ask({ text: 'what?' }), 'x')
  input.end('yes\n')
  t.equal(await ask({ text: 'nothing?' }), '')
  t.equal(await ask({ text: 'sure?', choices: ['no', 'yes'] }), 'yes', 'also those before the end')
  await t.rejects(ask({ text: 'more?' }), { message: /the answers ended/ })
  close()
})

t.test('text of the files changes no screen', async t => {
  const output = new PassThrough().setEncoding('utf8')
  const input = new PassThrough()
  const { ask, close } = askAt(input, output)
  input.write('\x1b[2J\na\x1b[2J\n')
  await ask({ text: 'which\x1b]0;owned\x07?', choices: ['a\x1b[2J'] })
  close()
  t.notMatch(output.read(), /[^\P{C}\n]/u)
})
