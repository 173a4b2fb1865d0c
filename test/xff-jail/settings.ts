import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parseSettings } from '../../lib/xff-jail/settings.js'
import { tempDir } from '../support/temp-dir.js'

const read = (text: string) => parseSettings('shop', '/etc/xff-jail/shop.conf', text)

t.test('a settings file is read as a shell reads it', async t => {
  const text = [
    '# a comment',
    "LOG='/var/log/a b.log'",
    '; another',
    `PARSE="--log-format \\"%(addr) - %(status)\\" --tz UTC"`,
    '',
    `WINDOW=--max\\ 3`,
    `FILTER="jq -c 'select(.uri != \\"/health\\")'"`,
    `BAN='--port '3031' --time 1h'`,
    'TZ=Europe/Berlin',
    '',
  ].join('\n')
  const settings = read(text)
  t.same(settings.parse, ['--log-format', '%(addr) - %(status)', '--tz', 'UTC'])
  t.same(settings.filter, ['jq', '-c', 'select(.uri != "/health")'])
  t.same(settings.ban, ['--port', '3031', '--time', '1h'])
  t.same(settings.others, { TZ: 'Europe/Berlin' })
  // what a shell makes of the same file
  const dir = tempDir(t)
  writeFileSync(join(dir, 'conf'), text.replace(/^;.*/m, ''))
  for (const [name, words] of [
    ['FILTER', settings.filter],
    ['BAN', settings.ban],
    ['WINDOW', settings.window],
  ] as const) {
    const script = `. ./conf; eval "set -- $${name}"; printf '%s\\n' "$@"`
    const shown = execFileSync('bash', ['-c', script], { cwd: dir, encoding: 'utf8' })
    t.same(shown.trimEnd().split('\n'), words, name)
  }
})

t.test('what is wrong in a settings file is named', async t => {
  const log = 'LOG=/a\n'
  const cases: [string, RegExp][] = [
    [
      '',
      /shop\.conf: expected LOG with the log of the app, JOURNAL, or BUS for the bans of a fleet, got none/,
    ],
    [`${log}WINDW='--max 3'\n`, /unknown setting WINDW \(did you mean WINDOW\?\)/],
    [`${log}PARSE='--tz UTC\n`, /PARSE|expected a closing '/],
    [`${log}PARSE="--tz 'UTC"\n`, /PARSE: expected a closing ' behind "'UTC"/],
    [`${log}this is no setting\n`, /expected NAME=VALUE, got "this is no setting"/],
    [`${log}REPLAY=many\n`, /REPLAY: expected a number of lines, got "many"/],
    [`${log}PARSER=cat\nPARSE=--all\n`, /PARSE holds options of uwsgi-parse, in whose place PARSER is/],
  ]
  for (const [text, message] of cases) t.throws(() => read(text), { message, exitCode: 64 })
  t.same(
    read(`${log}JOURNAL=_SYSTEMD_UNIT=x\n`).log,
    { journal: ['_SYSTEMD_UNIT=x'] },
    'JOURNAL goes before LOG',
  )
})
