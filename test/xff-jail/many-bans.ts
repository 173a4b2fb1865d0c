/** What asking takes where there are many bans, as the kernel counts it. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { withCommands } from '../support/commands.js'
import { tempDir } from '../support/temp-dir.js'

const BANS = 20_000
/** Says at the end of xff-jail what it has read and written. */
const WATCH = `import { readFileSync, writeFileSync } from 'node:fs'
if (process.argv[1].includes('xff-jail')) process.on('exit', () => writeFileSync(process.env.IO, readFileSync('/proc/self/io')))
`
const HOUR = 3_600_000
const TIME = new Date().toISOString()
const UNTIL = new Date(Date.now() + HOUR).toISOString()
const record = (_: unknown, i: number) =>
  `{"type":"ban","time":"${TIME}","ip":"20.0.${i >> 8}.${i & 255}","failures":10,"until":"${UNTIL}","count":1}\n`

/** Asks xff-jail about a jail with so many bans that does not run. @returns what it said, and the counters of the kernel */
async function ask(
  folder: string,
  ...words: string[]
): Promise<{ lines: string[]; of: (name: string) => number }> {
  const [journal, watch, io] = [join(folder, 'shop.jsonl'), join(folder, 'watch.mjs'), join(folder, 'io')]
  writeFileSync(journal, Array.from({ length: BANS }, record).join(''))
  writeFileSync(
    join(folder, 'shop.conf'),
    `LOG=/none\nBAN='--dir ${folder}/bans --state ${journal} --max-bans 100000'\n`,
  )
  writeFileSync(watch, WATCH)
  const { stdout } = await execa('xff-jail', [...words, '--folder', folder, '--jail', 'shop'], {
    env: { ...withCommands(), NODE_OPTIONS: `--import ${watch}`, IO: io },
    reject: false,
  })
  const counters = readFileSync(io, 'utf8')
  return {
    lines: stdout.split('\n'),
    of: name => Number(new RegExp(`^${name}: (\\d+)$`, 'm').exec(counters)?.[1]),
  }
}

t.test('list writes many bans at a time into a pipe', async t => {
  const { lines, of } = await ask(tempDir(t), 'list')
  t.equal(lines.length, BANS)
  t.match(lines[BANS - 1], /^\{"jail":"shop","type":"ban",.*"ip":"20\.0\.78\.31"/)
  t.ok(of('syscw') < BANS / 10, `${of('syscw')} calls of write`)
})

t.test('why reads the journal once for all addresses', async t => {
  const folder = tempDir(t)
  const one = (await ask(folder, 'why', '20.0.0.1')).of('rchar')
  const { lines, of } = await ask(
    folder,
    'why',
    '20.0.0.1',
    ...Array.from({ length: 8 }, (_, i) => `198.51.100.${i}`),
  )
  t.equal(lines.length, 9)
  t.match(lines[0], '"last":{"type":"ban"')
  t.ok(of('rchar') < 1.5 * one, `${of('rchar')} bytes read for 9 addresses, ${one} for one`)
})
