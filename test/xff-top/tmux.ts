/** xff-top on a terminal of tmux, with jails that run. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { askStatus } from '../../lib/xff-ban/control/client.js'
import { bundle } from '../support/commands.js'
import { missing } from '../support/programs.js'
import { tempDir } from '../support/temp-dir.js'
import { terminal } from '../support/tmux.js'
import { waitFor } from '../support/wait-for.js'

type Test = Parameters<typeof tempDir>[0]

const now = () => new Date().toISOString()
const HOSTILE = '/\u001b[2J\u001b]0;owned\u0007\u202e中'
const ban = (ip: string, uri: string) => ({
  ...{ type: 'ban', ip, time: now(), failures: 10, since: now() },
  last: { status: 404, method: 'GET', uri },
})

/** Two jails in a folder: `shop`, which runs and hears of its log, and `blog`, which does not run. */
async function jails(t: Test) {
  const folder = join(tempDir(t), 'jails')
  mkdirSync(folder)
  writeFileSync(join(folder, 'blog.jsonl'), '')
  const state = join(folder, 'shop.jsonl')
  const child = execa(bundle('xff-ban'), ['--dir', join(folder, 'bans'), '--state', state], { reject: false })
  t.teardown(() => child.kill('SIGKILL'))
  const tally = { type: 'tally', failures: 3, errors: 0, clients: 9 }
  for (const record of [
    { ...tally, time: new Date(Date.now() - 10_000).toISOString(), requests: 0 },
    { ...tally, time: now(), requests: 330 },
    ban('203.0.113.7', '/wp-login.php?a=b'),
    ban('203.0.113.8', HOSTILE),
  ])
    child.stdin.write(`${JSON.stringify(record)}\n`)
  await waitFor('the bans', async () => (await askStatus(join(folder, 'shop.sock')))?.bans === 2)
  return { folder, child }
}

t.test('it answers what operators ask', { skip: missing('tmux') }, async t => {
  const { folder } = await jails(t)
  for (const size of [
    [80, 24],
    [200, 60],
  ] as [number, number][]) {
    const { shows, keys, screen, styled } = await terminal(
      t,
      size,
      `${bundle('xff-top')} --folder ${folder} --every 1`,
    )
    const seen = await shows(/TIMES/)
    t.match(seen, /q quit$/m, 'up to the last column')
    t.match(seen, /shop +ok +\d+s +33\.0 +2 +0 +0 +files in /, 'is it working')
    t.match(seen, /blog +down/)
    t.match(seen, /! no xff-ban of this name runs/)
    t.match(seen, /203\.0\.113\.7 .* 10 +404 GET \/wp-login\.php/, 'who is at it, and what for')
    t.match(seen, /1 +\/wp-login\.php$/m, 'which path')
    t.match(seen, /u\{1b\}\[2J/, 'what is hostile is text')
    t.match(await styled(), /\x1b\[[\d;]*3[12]m/, 'in colours')
    await keys('/')
    await keys('-l', '203.0.113.7')
    await shows(/find address: 203\.0\.113\.7_/)
    await keys('Enter')
    t.match(
      await shows(/is banned in shop/),
      /until +20.*\n.*decided +20.*\n.*failures +10 since/,
      'is user X banned, and why',
    )
    await keys('Escape')
    await shows(/AT IT NOW/)
    await keys('q')
    t.match(await shows(/exit 0/), /^\s*exit 0\s*$/, 'the terminal is as it was')
    await screen()
  }
})

t.test('u lifts a ban, and asks before', { skip: missing('tmux') }, async t => {
  const { folder } = await jails(t)
  const { shows, keys } = await terminal(t, [80, 24], `${bundle('xff-top')} --folder ${folder} --every 1`)
  await shows(/TIMES/)
  await keys('u')
  await shows(/choose somebody first/)
  await keys('/')
  await keys('-l', '203.0.113.7')
  await keys('Enter')
  await shows(/is banned in shop/)
  await keys('u')
  await shows(/unban 203\.0\.113\.7\?/)
  await keys('n')
  await shows(/stays banned/)
  t.equal((await askStatus(join(folder, 'shop.sock')))?.in_force, 2)
  await keys('Down')
  await shows(/^>/m)
  await keys('u')
  await shows(/unban 203\.0\.113\.\d\?/)
  await keys('y')
  await shows(/is not banned any more in shop/)
  t.equal((await askStatus(join(folder, 'shop.sock')))?.in_force, 1)
  await keys('C-c')
  await shows(/exit 0/)
})

t.test(
  'where no cursor can be moved it writes text once; NO_COLOR takes colours away',
  { skip: missing('tmux') },
  async t => {
    const { folder } = await jails(t)
    const dumb = await terminal(t, [100, 30], `TERM=dumb ${bundle('xff-top')} --folder ${folder}`)
    t.match(await dumb.shows(/exit 0/), /shop +ok[\s\S]*LAST BANS/)
    const plain = await terminal(t, [90, 30], `NO_COLOR=1 ${bundle('xff-top')} --folder ${folder}`)
    await plain.shows(/TIMES/)
    t.notMatch(await plain.styled(), /\x1b\[[\d;]*3[0-7]m/)
    const { stdout } = await execa(bundle('xff-top'), ['--folder', folder, '--find', '203.0.113.7'])
    t.match(stdout, /203\.0\.113\.7 is banned in shop/)
    t.match(
      (await execa(bundle('xff-top'), ['--folder', folder, '--find', '192.0.2.1'])).stdout,
      /is not banned in any jail/,
    )
  },
)

t.test('records on stdin are shown while they come, and after', { skip: missing('tmux') }, async t => {
  const file = join(tempDir(t), 'records')
  const request = {
    type: 'request',
    time: now(),
    ip: '203.0.113.9',
    status: 404,
    method: 'GET',
    uri: '/.env',
  }
  writeFileSync(file, `${JSON.stringify(request)}\n`.repeat(7))
  const { shows, keys } = await terminal(t, [80, 24], `cat ${file} | ${bundle('xff-top')} - --every 1`)
  await shows(/203\.0\.113\.9 .* 7 +404 GET \/\.env/)
  await shows(/7 +\/\.env$/m)
  await keys('q')
  await shows(/exit 0/)
  const { stdout } = await execa(bundle('xff-top'), ['-'], { inputFile: file })
  t.match(stdout, /203\.0\.113\.9 .* 7 +404 GET \/\.env/)
})
