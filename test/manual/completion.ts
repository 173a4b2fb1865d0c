/** The completion files in the shells that read them: what is typed and completed is the command line that runs. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { COMMANDS, withCommands } from '../support/commands.js'
import { missing } from '../support/programs.js'
import { tempDir } from '../support/temp-dir.js'
import { waitFor } from '../support/wait-for.js'

/** What is typed, TAB and all, and the words that then run. */
const TYPED: readonly (readonly [string, readonly string[]])[] = [
  ['uwsgi-parse --st\t any', ['--status', 'any']],
  ['uwsgi-parse --ini uws\t', ['--ini', 'uwsgi.ini']],
  ['uwsgi-parse --tru\t@ran\t', ['--trust', '@ranges']],
  ['xff-window --maxr\t 3 --find\t 5', ['--maxretry', '3', '--find', '5']],
  ['xff-ban --pack\t ipt\t', ['--packets', 'iptables']],
  ['xff-ban --clock\t l\t --dr\t', ['--clock', 'log', '--dry-run']],
  ['xff-ban --di\t fold\t', ['--dir', 'folder']],
  ['xff-ban fl\t', ['flush']],
  ['xff-ban --dev l\t', ['--dev', 'lo']],
  [
    'xff-ban unb\t --state journal 203.0\t 2001:\t',
    ['unban', '--state', 'journal', '203.0.113.7', '2001:db8::5'],
  ],
  [
    'xff-notify --sendm\t send\t --webhook-f\t arr\t',
    ['--sendmail', 'sendmail', '--webhook-format', 'array'],
  ],
  ['xff-report --tit\t x', ['--title', 'x']],
  ['xff-import --set\t uws\t', ['--settings', 'uwsgi.ini']],
]

/** In each shell, a command only writes down its words; `list` is the real one. */
const STUBS = COMMANDS.map(
  command =>
    `${command}() { if [ "$1" = list ]; then command ${command} "$@"; else printf '%s\\n' "$@" > words; fi; }`,
).join('\n')

const SHELLS = {
  bash: {
    args: ['--noprofile', '--rcfile', 'rc', '-i'],
    rc: `${STUBS}\nPS1=\nset +o history\nfor file in ${resolve('dist/completion/bash')}/*; do . $file; done\n`,
  },
  zsh: {
    // a machine with folders of several users is asked about otherwise
    args: ['-o', 'no_global_rcs', '-i'],
    rc: `${STUBS}\nPS1=\nfpath=(${resolve('dist/completion/zsh')} $fpath)\nautoload -Uz compinit\ncompinit -u -D\nunset zle_bracketed_paste\n`,
  },
}

/** zsh puts a = behind an option, and keeps the / behind a folder only while more may follow. */
function asBash(word: string): string[] {
  const [, option, value] = /^(--[\w-]+)=(.*)$/.exec(word) ?? [undefined, undefined, word]
  return [option ?? [], (value as string).replace(/\/$/, '')].flat()
}

for (const [shell, { args, rc }] of Object.entries(SHELLS)) {
  t.test(shell, { skip: missing(shell, 'script') }, async t => {
    const dir = tempDir(t, { 'uwsgi.ini': '', ranges: '', folder: {}, sendmail: '', rc, '.zshrc': rc })
    const env = { ...withCommands({ TERM: 'dumb', ZDOTDIR: dir, INPUTRC: '/dev/null' }) }
    const bans = ['203.0.113.7', '2001:db8::5'].map(ip => `${JSON.stringify({ type: 'ban', ip })}\n`)
    await execa('xff-ban', ['--dir', 'jail', '--state', 'journal'], { cwd: dir, env, input: bans.join('') })
    const terminal = execa('script', ['-qfec', [shell, ...args].join(' '), '/dev/null'], {
      cwd: dir,
      env,
      buffer: false,
      reject: false,
    })
    t.teardown(async () => {
      terminal.stdin.end('exit\n')
      terminal.kill('SIGHUP')
      await terminal
    })
    let shown = ''
    terminal.stdout.on('data', chunk => (shown += chunk))
    for (const [typed, expected] of TYPED) {
      writeFileSync(join(dir, 'words'), '')
      terminal.stdin.write(`${typed}\n`)
      const words = await waitFor(`what ${JSON.stringify(typed)} runs`, () => {
        const written = readFileSync(join(dir, 'words'), 'utf8')
        if (written === '') throw new Error(`nothing ran: ${shown}`)
        return written.trimEnd().split('\n').flatMap(asBash)
      })
      t.same(words, expected, JSON.stringify(typed))
    }
  })
}

t.test('each command has a completion for bash and one for zsh', async t => {
  for (const command of COMMANDS) {
    t.match(readFileSync(`dist/completion/bash/${command}`, 'utf8'), `\ncomplete -F `)
    t.match(readFileSync(`dist/completion/zsh/_${command}`, 'utf8'), `#compdef ${command}\n`)
  }
})
