import { existsSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { execa } from 'execa'
import type { Test } from 'tap'
import { withCommands } from './commands.js'

const UWSGI = '/usr/bin/uwsgi-core'

/** Why a test of a real uWSGI has to be skipped; false where it is there. */
export const noUwsgi = !existsSync(UWSGI) && 'uwsgi-core is missing'

/**
 * Starts a real uWSGI on loopback whose answer is always 404, and beside it a line of shell; both end with the test.
 * @param dir takes the app
 * @param log takes uWSGI's log
 * @returns where it answers
 */
export async function startUwsgi(
  t: Test,
  { dir, log, line, more = [] }: { dir: string; log: string; line: string; more?: readonly string[] },
): Promise<string> {
  const env = withCommands({ TZ: 'UTC' })
  const app = join(dir, 'app.py')
  writeFileSync(app, "def application(env, start):\n    start('404 Not Found', [])\n    return [b'']\n")
  const port = await freePort()
  const argv = ['--plugin', 'python3', '--http-socket', `127.0.0.1:${port}`, '--wsgi-file', app]
  const logging = ['--log-x-forwarded-for', '--logto', log, '--die-on-term', ...more]
  const server = execa(UWSGI, [...argv, ...logging], { env, reject: false })
  const shell = execa('bash', ['-c', line], { env, reject: false, detached: true, cleanup: false })
  t.teardown(async () => {
    if (shell.pid) process.kill(-shell.pid, 'SIGKILL')
    server.kill('SIGKILL')
    await Promise.all([shell, server])
  })
  return `http://127.0.0.1:${port}`
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  await new Promise(resolve => server.close(resolve))
  return port
}
