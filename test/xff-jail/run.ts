/** `xff-jail run`: processes joined by pipes, as their settings say. */
import { appendFileSync, chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import t, { type Test } from 'tap'
import { withCommands } from '../support/commands.js'
import { tempDir } from '../support/temp-dir.js'
import { waitFor } from '../support/wait-for.js'

const LINE =
  '[pid: 7|app: 0|req: 1/1] 203.0.113.5 () {24 vars in 256 bytes} [Sun Nov 22 14:06:08 2026] GET /x => generated 3 bytes ' +
  'in 0 msecs (HTTP/1.0 404) 2 headers in 71 bytes (1 switches on core 0)\n'

/** A folder with a log, and settings for a jail that enforces nothing. */
function jail(t: Test, settings: string, log = LINE.repeat(3), dir = tempDir(t)) {
  t.teardown(() => rmSync(dir, { recursive: true, force: true }))
  writeFileSync(join(dir, 'app.log'), log)
  writeFileSync(join(dir, 'shop.conf'), settings.replaceAll('DIR', dir))
  const run = (...args: string[]) =>
    execa('xff-jail', ['run', 'shop', '--folder', dir, ...args], {
      cwd: dir,
      env: withCommands({ TZ: 'UTC', RUNTIME_DIRECTORY: dir }),
      reject: false,
    })
  return { dir, run }
}

const SETTINGS = `LOG=DIR/*.log
PARSE='--tz UTC'
WINDOW='--max 3'
BAN='--dry-run --clock log'
`

t.test('run joins the commands with the options of the settings, and ends when it is asked to', async t => {
  const { dir, run } = jail(t, SETTINGS)
  const running = run()
  let out = ''
  running.stdout.on('data', chunk => (out += chunk))
  await waitFor('the ban', () => out.includes('"ip":"203.0.113.5"'))
  appendFileSync(join(dir, 'app.log'), LINE.replaceAll('203.0.113.5', '203.0.113.6').repeat(3))
  await waitFor('the ban of what comes later', () => out.includes('"ip":"203.0.113.6"'))
  running.kill('SIGTERM')
  const { exitCode, stderr } = await running
  t.equal(exitCode, 0)
  t.match(stderr, /uwsgi-parse: 6 lines, 6 requests/, 'what was read is finished')
  t.match(stderr, /xff-ban: 2 bans/)
})

t.test(
  'a program stands between the parser and xff-window, another one in the place of the parser',
  async t => {
    const { dir, run } = jail(
      t,
      `${SETTINGS}FILTER="grep --line-buffered -v 'zzz'"\nPARSER='DIR/mine a'\n`.replace(
        "PARSE='--tz UTC'\n",
        '',
      ),
    )
    // a parser that opens its input by name, which only a pipe allows
    writeFileSync(join(dir, 'mine'), '#!/bin/sh\nexec uwsgi-parse --tz UTC < /dev/stdin\n')
    chmodSync(join(dir, 'mine'), 0o755)
    const running = run()
    let out = ''
    running.stdout.on('data', chunk => (out += chunk))
    await waitFor('the ban', () => out.includes('"ip":"203.0.113.5"'))
    running.kill('SIGINT')
    t.equal((await running).exitCode, 0)
  },
)

t.test('when one of them ends, all end, with its exit code', async t => {
  const { dir, run } = jail(t, `${SETTINGS}FILTER=DIR/fails\n`)
  writeFileSync(join(dir, 'fails'), '#!/bin/sh\nhead -1\nexit 7\n')
  chmodSync(join(dir, 'fails'), 0o755)
  t.equal((await run()).exitCode, 7)
  writeFileSync(join(dir, 'fails'), '#!/bin/sh\nkill -KILL $$\n')
  t.equal((await run()).exitCode, 137)
})

t.test('--only log writes bans, and --only ban takes them', async t => {
  // below /tmp, of which the service alone sees nothing
  const { run } = jail(t, SETTINGS, LINE.repeat(3), mkdtempSync('/tmp/xff-jail-test-'))
  const log = run('--only', 'log')
  let bans = ''
  let said = ''
  log.stdout.on('data', chunk => (bans += chunk))
  log.stderr.on('data', chunk => (said += chunk))
  t.teardown(() => bans === '' && t.comment(`it said: ${said}`))
  await waitFor('the decision', () => bans.includes('"ip":"203.0.113.5"'))
  log.kill('SIGTERM')
  await log
  const ban = run('--only', 'ban')
  ban.stdin.end(bans)
  t.match((await ban).stdout, /"ip":"203\.0\.113\.5".*"until"/)
})

t.test('what keeps it from banning is said before it starts', async t => {
  const nginx = '203.0.113.5 - - [22/Nov/2026:14:06:08 +0000] "GET /x HTTP/1.1" 404 3 "-" "curl"\n'
  const uwsgi = '*** Starting uWSGI 2.0.21 ***\n'
  const cases: [string, string, string, number, RegExp][] = [
    [
      'an option of the parser',
      SETTINGS.replace('--tz UTC', '--tz Nowhere'),
      LINE,
      64,
      /shop\.conf: PARSE: uwsgi-parse: --tz: /,
    ],
    [
      'an option of the window',
      SETTINGS.replace('--max 3', '--mx 3'),
      LINE,
      64,
      /WINDOW: xff-window: unknown option "--mx"/,
    ],
    [
      'a program',
      `${SETTINGS}FILTER=no-such-program\n`,
      LINE,
      64,
      /expected a program, found none called "no-such-program"/,
    ],
    [
      'a log that is not there',
      SETTINGS.replace('*.log', 'ap.log'),
      LINE,
      66,
      /cannot read .*ap\.log: there is no such file/,
    ],
    ['a pattern without files', SETTINGS.replace('*.log', '*.txt'), LINE, 66, /no file is called like/],
    ['a folder', SETTINGS.replace('/*.log', ''), LINE, 66, /it is a folder/],
    [
      'another log',
      SETTINGS,
      nginx.repeat(20),
      66,
      /the log: none of 20 lines is a request, so nobody can be banned.*nginx/,
    ],
  ]
  for (const [what, settings, log, code, message] of cases) {
    const { run } = jail(t, settings, log)
    const { exitCode, stderr } = await run('--check')
    t.equal(exitCode, code, `${what}: ${stderr}`)
    t.match(stderr, message, what)
  }
  for (const log of ['', uwsgi.repeat(20), LINE.repeat(20)]) {
    const { run } = jail(t, SETTINGS, log)
    const { exitCode, stderr } = await run('--check')
    t.equal(exitCode, 0, stderr)
  }
})
