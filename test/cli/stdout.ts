/** A command whose reader is gone ends, also while it has nothing to write. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, constants, existsSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { codeOf } from '../../lib/exit.js'
import '../support/apart.js'
import { bundle } from '../support/commands.js'
import { tempDir } from '../support/temp-dir.js'
import { LIMIT, waitFor } from '../support/wait-for.js'

/** The exit code of a command whose input stays open and says nothing, and whose reader ends at once. */
async function exitCodeBeforeNobody(dir: string, argv: readonly string[]): Promise<string> {
  const script = `[ -p in ] || mkfifo in; exec 3<>in; "$@" <in 3<&- | true; echo "\${PIPESTATUS[0]}"`
  const { stdout } = await execa('bash', ['-c', script, 'bash', process.execPath, ...argv], {
    cwd: dir,
    env: { NODE_OPTIONS: '' },
    timeout: LIMIT,
    stderr: 'inherit',
  })
  return stdout
}

for (const argv of [
  ['uwsgi-parse'],
  ['xff-window'],
  ['xff-report'],
  ['xff-notify', '--webhook', 'http://127.0.0.1:9/'],
  ['xff-ban', '--dry-run'],
]) {
  const [command = '', ...options] = argv
  t.test(`${argv.join(' ')} ends well when its reader is gone while its input says nothing`, async t => {
    t.equal(await exitCodeBeforeNobody(tempDir(t), [bundle(command), ...options]), '0')
  })
}

t.test('xff-ban ends with 74 when its reader is gone while its input says nothing', async t => {
  const dir = tempDir(t)
  const argv = [bundle('xff-ban'), '--dir', join(dir, 'bans'), '--state', join(dir, 'jail.jsonl')]
  t.equal(await exitCodeBeforeNobody(dir, argv), '74')
  t.notOk(existsSync(join(dir, 'jail.sock')), 'its control socket is gone')
  t.equal(await exitCodeBeforeNobody(dir, argv), '74', 'its lock is free')
})

t.test('a reader may go at any time, and may read nothing for as long as it likes', async t => {
  const pipe = join(tempDir(t), 'pipe')
  await execa('mkfifo', [pipe])
  const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK)
  const writer = openSync(pipe, constants.O_WRONLY)
  // a pipe as a shell makes it, which what Node makes for a child is not
  const argv = ['NODE_OPTIONS=', bundle('xff-window'), '--max', '1']
  const child = spawn('env', argv, { stdio: ['pipe', writer, 'ignore'] })
  closeSync(writer)
  t.teardown(() => child.kill('SIGKILL'))
  const exit = once(child, 'exit')
  const fail = (ip: string) =>
    child.stdin?.write(
      `{"type":"request","time":"2026-11-22T14:06:08.000Z","ip":"${ip}","status":404,"method":"GET","uri":"/"}\n`,
    )
  let read = ''
  const readUpTo = (text: string) => {
    read += readNow(reader)
    return read.includes(text)
  }
  fail('203.0.113.1')
  await waitFor('a record', () => readUpTo('"203.0.113.1"'))
  t.equal(child.exitCode, null)
  fail('203.0.113.2')
  await waitFor('the next record', () => readUpTo('"203.0.113.2"'))
  closeSync(reader)
  t.same(await exit, [0, null], 'without another line it has seen that the reader is gone')
})

/** What is in a pipe now. */
function readNow(fd: number): string {
  const buffer = Buffer.alloc(4096)
  try {
    return buffer.toString('utf8', 0, readSync(fd, buffer))
  } catch (error) {
    if (codeOf(error) === 'EAGAIN') return ''
    throw error
  }
}
