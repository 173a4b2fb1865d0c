/** How xff-ban ends: its reader goes away or does not read, or a signal asks for it. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { address } from '../support/bans.js'
import { bundle } from '../support/commands.js'
import { catches } from '../support/signals.js'
import { tempDir } from '../support/temp-dir.js'
import { waitFor } from '../support/wait-for.js'

/** Starts an xff-ban. @param options how it bans, and where its stdout goes: a pipe that nobody reads yet */
function start(
  t: Test,
  dir: string,
  { way = ['--dir', join(dir, 'bans')], stdout = 'pipe' as 'pipe' | number } = {},
) {
  // without what tap loads into each child: it handles signals
  const argv = ['NODE_OPTIONS=', bundle('xff-ban'), ...way, '--state', join(dir, 'jail.jsonl')]
  const child = spawn('env', argv, {
    stdio: ['pipe', stdout, 'pipe'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  child.stdin?.on('error', () => {})
  let stderr = ''
  child.stderr?.on('data', text => {
    stderr += text
  })
  const exit = once(child, 'exit')
  return {
    child,
    ban: (...ips: string[]) => child.stdin?.write(ips.map(ip => `{"type":"ban","ip":"${ip}"}\n`).join('')),
    banned: () => (existsSync(join(dir, 'bans')) ? readdirSync(join(dir, 'bans')).length : 0),
    async end() {
      const [exitCode, signal] = await exit
      return { exitCode, signal, stderr }
    },
  }
}

t.test('an xff-ban whose reader goes away ends with exit code 74, and the next one can run', async t => {
  const dir = tempDir(t)
  const { child, ban, banned, end } = start(t, dir)
  ban('203.0.113.1')
  await waitFor('the first record', () => child.stdout?.read())
  child.stdout?.destroy()
  await waitFor('its end', () => {
    ban(address(banned()))
    return child.exitCode !== null
  })
  t.match(await end(), { exitCode: 74, stderr: /the reader of stdout went away/ })
  const next = start(t, dir)
  next.child.stdin?.end()
  t.equal((await next.end()).exitCode, 0, 'the lock is free')
})

t.test('a reader that does not read keeps no ban from being enforced, nor xff-ban from ending', async t => {
  const dir = tempDir(t)
  const pipe = join(dir, 'pipe')
  execFileSync('mkfifo', [pipe])
  // open for reading, too, so that it has a reader
  const stdout = openSync(pipe, 'r+')
  t.teardown(() => closeSync(stdout))
  const { child, ban, banned, end } = start(t, dir, { stdout })
  const ips = Array.from({ length: 5_000 }, (_, n) => address(n))
  ban(...ips)
  await waitFor('all bans', () => banned() === ips.length)
  child.kill('SIGTERM')
  const { exitCode, stderr } = await end()
  t.equal(exitCode, 74)
  t.match(stderr, /nobody reads stdout: \d+ records were not written there/)
})

/** A program that runs until it is killed, and when it does so. */
function hangingProgram(t: Test, dir: string) {
  const path = join(dir, 'hangs')
  const runs = join(dir, 'runs')
  writeFileSync(path, `#!/bin/sh\necho $$ >${runs}\nexec sleep 1000\n`, { mode: 0o755 })
  return {
    way: ['--on-ban', path, '--on-unban', path, '--exec-timeout', '3600'],
    async runs() {
      const pid = await waitFor('the program', () => existsSync(runs) && Number(readFileSync(runs, 'utf8')))
      t.teardown(() => process.kill(pid, 'SIGKILL'))
    },
  }
}

t.test('a signal ends xff-ban at once while it enforces what is in its journal', async t => {
  const dir = tempDir(t)
  const time = new Date().toISOString()
  writeFileSync(
    join(dir, 'jail.jsonl'),
    `${JSON.stringify({ type: 'ban', time, ip: '203.0.113.1', until: '2099-01-01T00:00:00.000Z' })}\n`,
  )
  const program = hangingProgram(t, dir)
  const { child, ban, end } = start(t, dir, program)
  await program.runs()
  ban('203.0.113.2')
  child.kill('SIGTERM')
  t.equal((await end()).signal, 'SIGTERM')
})

for (const second of ['SIGTERM', 'SIGINT'] as const) {
  t.test(`SIGTERM lets xff-ban finish what is in hand, and then ${second} ends it at once`, async t => {
    const dir = tempDir(t)
    const program = hangingProgram(t, dir)
    const { child, ban, end } = start(t, dir, program)
    ban('203.0.113.1')
    await program.runs()
    child.kill('SIGTERM')
    await waitFor('the handlers of signals to be gone', () => !catches(child.pid, second))
    t.equal(child.exitCode ?? child.signalCode, null, 'it waits for the program')
    child.kill(second)
    t.equal((await end()).signal, second)
  })
}
