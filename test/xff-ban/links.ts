/** Links that somebody has put into the folders of xff-ban: it writes through none of them, and reads none. */
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { bundle } from '../support/commands.js'
import { tempDir } from '../support/temp-dir.js'

const BAN = '{"type":"ban","ip":"198.51.100.1"}\n'

/** Each a file of xff-ban, with the options by which it is written. */
const FILES: Readonly<Record<string, readonly string[]>> = {
  'x.lock': ['--dir', 'bans'],
  'x.clock': ['--dir', 'bans'],
  'x.jsonl': ['--dir', 'bans'],
  'x.jsonl.told': ['--on-ban', 'true', '--on-unban', 'true'],
  '.x.jsonl.told.new': ['--on-ban', 'true', '--on-unban', 'true'],
  'bans/198.51.100.1': ['--dir', 'bans'],
  'bans/.198.51.100.1.new': ['--dir', 'bans'],
  'x.prom': ['--dry-run', '--metrics', 'x.prom'],
}

for (const [name, options] of Object.entries(FILES)) {
  t.test(`a link in the place of ${name} is not written through, nor what it leads to read`, async t => {
    const cwd = tempDir(t)
    mkdirSync(join(cwd, 'bans'))
    writeFileSync(join(cwd, 'secret'), 'the secret\n')
    symlinkSync(join(cwd, 'secret'), join(cwd, name))
    const { stderr } = await execa(bundle('xff-ban'), [...options, '--state', 'x.jsonl'], {
      cwd,
      input: BAN,
      reject: false,
    })
    t.equal(readFileSync(join(cwd, 'secret'), 'utf8'), 'the secret\n')
    t.notMatch(stderr, 'the secret')
  })
}

t.test('a journal is not made where a link in its place leads', async t => {
  const cwd = tempDir(t)
  symlinkSync(join(cwd, 'elsewhere'), join(cwd, 'x.jsonl'))
  const { exitCode, stderr } = await execa(bundle('xff-ban'), ['--dir', 'bans', '--state', 'x.jsonl'], {
    cwd,
    input: BAN,
    reject: false,
  })
  t.equal(exitCode, 66)
  t.match(stderr, /cannot use the journal/)
  t.notOk(existsSync(join(cwd, 'elsewhere')))
})
