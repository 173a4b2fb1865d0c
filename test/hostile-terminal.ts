/**
 * A hostile log, and hostile records, change no screen but by text: whatever is shown on a terminal is printable, except
 * for lines and the sequences of the program itself.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { bundle, withCommands } from './support/commands.js'
import { hostileFiles, LAST } from './support/hostile-files.js'
import { missing } from './support/programs.js'
import { tempDir } from './support/temp-dir.js'
import { terminal } from './support/tmux.js'

const env = withCommands({ TZ: 'UTC' })
/** What moves a cursor, hides, turns text around, or is no character; a line may end. */
const STEERS = /[^\P{C}\n]|[\u2028\u2029]/u
/** The sequences of xff-top: its screen, a row, the rest of a row, and how text looks. */
const OWN = /\x1b\[(?:\?1049[hl]|\?25[hl]|\?7[hl]|2J|\d+;1H|K|[\d;]*m)/g
const { dir, records, said } = await hostileFiles(t)

/** What a command writes to stdout and stderr; it fails for bytes that are no UTF-8. */
async function shown(command: string, args: readonly string[], inputFile: string): Promise<string> {
  const { stdout, stderr } = await execa(bundle(command), args, { inputFile, env, encoding: 'buffer' })
  return [stdout, stderr].map(bytes => new TextDecoder('utf-8', { fatal: true }).decode(bytes)).join('\n')
}

t.test('messages about a hostile log are printable', async t => {
  t.match(said, /xff-window: line \d+: /, 'there are some')
  t.notMatch(said, STEERS)
})

for (const [command, args, file] of [
  ['uwsgi-parse', ['--explain'], 'log'],
  ['xff-window', ['--explain', '--max', '2'], 'requests'],
  ['xff-report', ['--text', '--top', '1000'], 'records'],
  ['xff-report', ['--explain'], 'records'],
  ['xff-top', ['-', '--once'], 'records'],
  ['xff-top', ['-', '--find', LAST.ip], 'records'],
] as const)
  t.test(`${command} ${args.join(' ')} writes printable text`, async t => {
    const text = await shown(command, args, join(dir, file))
    t.ok(text.length > 200, `${text.length} characters`)
    t.notMatch(text, STEERS)
    if (command === 'xff-top') t.match(text, /^[ -~\n]*$/, 'each character takes one column')
  })

t.test('metrics of a hostile log are those of any log', { skip: missing('promtool') }, async t => {
  for (const name of ['parse', 'window', 'ban']) {
    const text = readFileSync(join(dir, `${name}.prom`))
    t.match(text.toString('latin1'), /^[ -~\n]*$/)
    await execa('promtool', ['check', 'metrics'], { input: text })
  }
})

/** What a screen has to show after all that was written to it: rows that are written whole, as xff-top does. */
function rowsOf(written: string): string[] {
  const rows: string[] = []
  const text = written.slice(written.lastIndexOf('\x1b[?1049h'))
  for (const [, row = '', content = ''] of text.matchAll(/\x1b\[(\d+);1H\x1b\[K((?:[ -~]|\x1b\[[\d;]*m)*)/g))
    rows[Number(row) - 1] = content.replace(/\x1b\[[\d;]*m/g, '').trimEnd()
  return rows
}

for (const size of [
  [80, 24],
  [200, 60],
] as const)
  t.test(`a terminal of ${size.join(' x ')} shows what xff-top meant`, { skip: missing('tmux') }, async t => {
    const command = `cat ${records} | ${bundle('xff-top')} - --every 1`
    const { shows, keys, screen, written } = await terminal(t, size, command)
    await shows(/^192\.0\.2\.99 +15:59:59/m)
    for (const key of ['Down', 'Down', 'Enter', 'Escape', '/', ...LAST.ip, 'Enter']) await keys(key)
    const seen = await shows(/192\.0\.2\.99 is banned/)
    t.match(seen, '/\\u{1b}]0;owned\\u{7}\\u{202e}\\u{4e2d}', 'as text')
    await keys('?')
    await shows(/TIMES +PATH/)
    // the clock in the first row goes on
    const rows = (text: string[]) =>
      Array.from({ length: size[1] - 1 }, (_, i) => text[i + 1]?.trimEnd() ?? '')
    const look = async () => ({ meant: rows(rowsOf(written())), seen: rows((await screen()).split('\n')) })
    let both = await look()
    // rates go on as well, and one of the two may have been looked at before they did
    for (let i = 0; i < 20 && both.seen.join() !== both.meant.join(); i++) both = await look()
    t.same(both.seen, both.meant)
    await keys('q')
    await shows(/exit 0/)
    t.match(written().replace(OWN, ''), /^[ -~\r\n]*$/)
  })

t.test('list and why on a terminal, and xff-top of a journal', { skip: missing('tmux') }, async t => {
  const folder = join(tempDir(t), 'jails')
  mkdirSync(folder)
  const state = join(folder, 'shop.jsonl')
  writeFileSync(state, readFileSync(join(dir, 'others')))
  writeFileSync(join(folder, 'shop.conf'), `LOG=/none\nBAN='--dir ${folder}/bans --state ${state}'\n`)
  const path = `PATH=${env.PATH} TZ=UTC`
  const jail = (words: string) => `${path} xff-jail ${words} --folder ${folder}`
  const asked = ['list', `why ${LAST.ip} 203.0.113.7 2001:db8:7::7`, 'status', 'allowed'].map(jail).join('; ')
  const top = `${path} xff-top --once --folder ${folder}`
  const { shows, written } = await terminal(t, [200, 60], `${asked}; ${top}`)
  await shows(/exit 0/)
  t.match(written(), /192\.0\.2\.99: banned by shop/)
  t.match(written(), /^AT IT NOW|AT IT NOW/)
  t.notMatch(written(), /[^\P{C}\r\n]|[\u2028\u2029]/u)
})

t.test('JSON Lines on a terminal are the same records as in a pipe', { skip: missing('tmux') }, async t => {
  const { shows, written } = await terminal(
    t,
    [200, 60],
    `${bundle('uwsgi-parse')} 2>&- < ${join(dir, 'log')}`,
  )
  await shows(/exit 0/)
  const records = (text: string) =>
    text
      .split(/\r?\n/)
      .filter(line => line.startsWith('{'))
      .map(line => JSON.parse(line))
  t.same(records(written()), records(readFileSync(join(dir, 'requests'), 'utf8')))
  t.notMatch(written(), /[^\P{C}\r\n]|[\u2028\u2029]/u)
})
