/** Two xff-bans on one journal: real processes, since the kernel keeps the lock. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { bundle } from '../../support/commands.js'
import { tempDir } from '../../support/temp-dir.js'

/** Starts one that runs until its input is ended; returns when it has carried out a ban, or has ended. */
async function start(t: { teardown: (fn: () => unknown) => void }, dir: string) {
  const args = ['--dir', join(dir, 'bans'), '--state', join(dir, 'journal.jsonl')]
  const child = execa(bundle('xff-ban'), args, { reject: false, buffer: { stdout: false } })
  t.teardown(() => child.kill('SIGKILL'))
  child.stdin.on('error', () => {})
  child.stdin.write('{"type":"ban","ip":"203.0.113.7"}\n{"type":"unban","ip":"203.0.113.7"}\n')
  const lived = new Promise(resolve => child.stdout.once('data', resolve)).then(() => true)
  return { child, alive: await Promise.race([lived, child.then(() => false)]) }
}

t.test(
  'a second xff-ban on one journal is refused and names the first; when that is killed, the next one may run',
  async t => {
    const dir = tempDir(t)
    const first = await start(t, dir)
    t.ok(first.alive)
    const second = await start(t, dir)
    t.notOk(second.alive)
    t.match(await second.child, {
      exitCode: 66,
      stderr: new RegExp(`journal.lock is held by process ${first.child.pid}: `),
    })
    first.child.kill('SIGKILL')
    await first.child
    t.equal(
      readFileSync(join(dir, 'journal.lock'), 'utf8'),
      `${first.child.pid}\n`,
      'it left its name behind',
    )
    const third = await start(t, dir)
    t.ok(third.alive)
  },
)

t.test(
  'a process id in the lock file of a dead xff-ban means nothing, even if another process has it now',
  async t => {
    const dir = tempDir(t)
    writeFileSync(join(dir, 'journal.lock'), `${process.pid}\n`)
    t.ok((await start(t, dir)).alive)
  },
)

t.test('of many xff-bans started at once on one journal one runs', async t => {
  const dir = tempDir(t)
  const all = await Promise.all(Array.from({ length: 5 }, () => start(t, dir)))
  t.equal(all.filter(({ alive }) => alive).length, 1)
})

t.test('xff-bans on different journals run side by side', async t => {
  const [one, other] = [tempDir(t, { a: {}, b: {} })].flatMap(dir => [join(dir, 'a'), join(dir, 'b')])
  t.ok((await start(t, one as string)).alive)
  t.ok((await start(t, other as string)).alive)
})
