/** The examples in share/, as the programs they are for run them; only the paths are the test's. */
import { readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { FIXTURES, withCommands } from './support/commands.js'
import { missing } from './support/programs.js'
import { tempDir } from './support/temp-dir.js'
import { noUwsgi, startUwsgi } from './support/uwsgi.js'
import { waitFor } from './support/wait-for.js'

const env = withCommands({ TZ: 'UTC' })

const skip =
  missing('logrotate') || noUwsgi || (process.getuid?.() !== 0 && 'only root gives the log to www-data')

for (const way of ['reopen', 'copytruncate']) {
  t.test(`logrotate-${way}: what follows the log goes on, and reads nothing twice`, { skip }, async t => {
    const dir = tempDir(t)
    const [log, reopen] = [join(dir, 'shop.log'), join(dir, 'shop.reopen')]
    const rules = readFileSync(`share/examples/logrotate-${way}`, 'utf8')
      .replaceAll('/var/log/uwsgi/app/shop.log', log)
      .replaceAll('/run/uwsgi/shop.reopen', reopen)
    writeFileSync(join(dir, 'rules'), rules, { mode: 0o600 })
    writeFileSync(reopen, '')
    const rotate = (...options: string[]) =>
      execa('logrotate', ['--state', join(dir, 'state'), ...options, join(dir, 'rules')], {
        env: { PATH: `${process.env.PATH}:/usr/sbin` },
      })
    const line = `tail -n +1 -F '${log}' | uwsgi-parse --tally 0 > '${dir}/requests'`
    const more = ['--master', '--no-orphans', '--touch-logreopen', reopen]
    const url = await startUwsgi(t, { dir, log, line, more })
    const ask = (client: string) => fetch(`${url}/`, { headers: { 'X-Forwarded-For': client } })
    const clients = () =>
      readFileSync(join(dir, 'requests'), 'utf8')
        .split('\n')
        .filter(Boolean)
        .map(record => JSON.parse(record).ip)
    const arrived = (count: number) =>
      waitFor(`${count} records`, () => {
        if (clients().length < count) throw new Error(`${clients()} arrived; ${readFileSync(log, 'utf8')}`)
        return true
      })
    await waitFor('uWSGI', () => ask('203.0.113.1'))
    await arrived(1)
    if (way === 'reopen') await isWatched(reopen, log)
    await execa('chown', ['-R', 'root:root', dir])
    await execa('chmod', ['755', dir])
    const debug = await rotate('--debug', '--force')
    t.notMatch(debug.stderr, /error/i)
    await rotate('--force')
    t.match(readFileSync(`${log}.1`, 'utf8'), '203.0.113.1', 'the old lines are in the rotated file')
    if (way === 'reopen') {
      const text = (file: string) => readFileSync(file, 'utf8')
      await waitFor('uWSGI to leave the old file', () => {
        if (text(log).includes('reopened')) return true
        throw new Error(`${text(log)} in the new one, ${text(`${log}.1`)} in the old one`)
      })
    }
    await ask('203.0.113.2')
    await ask('203.0.113.3')
    await arrived(3)
    t.same(clients(), ['203.0.113.1', '203.0.113.2', '203.0.113.3'])
  })
}

/**
 * Waits until uWSGI watches a file. It compares seconds, and begins with the first look of its master, so that a touch
 * before that, or in the same second, is none.
 */
async function isWatched(reopen: string, log: string): Promise<void> {
  await waitFor('uWSGI to watch the file', () => {
    utimesSync(reopen, new Date(), new Date())
    return readFileSync(log, 'utf8').includes('reopened')
  })
  const second = (milliseconds: number) => Math.floor(milliseconds / 1000)
  await waitFor('the next second', () => second(Date.now()) > second(statSync(reopen).mtimeMs))
}

t.test('cron: what happened, as a mail', async t => {
  const crontab = readFileSync('share/examples/cron', 'utf8')
  const [, command = ''] = /^30 7 \* \* \* {2}root {2}(.*)$/m.exec(crontab) ?? []
  t.notMatch(command, '%', 'which means a newline to cron')
  const { stdout } = await execa('/bin/sh', ['-c', command], {
    env: { ...env, LOG: join(FIXTURES, 'attack/uwsgi.log') },
  })
  t.match(stdout, /^Shop, yesterday\n/)
  t.match(stdout, /^203\.0\.113\.23 +06:48:36 +07:48:36 +over +1 +10 +404 GET \S+$/m)
})

t.test('shop.conf: a shell reads it, too, and its options are right', async t => {
  const script = `. share/examples/shop.conf; for c in "uwsgi-parse $PARSE" "xff-window $WINDOW" "xff-ban --dry-run $BAN" "xff-notify $NOTIFY"; do echo "$c"; done`
  const { stdout } = await execa('bash', ['-c', script])
  for (const line of stdout.split('\n').map(one => one.replace(/--port \d+/, ''))) {
    const result = await execa('bash', ['-c', line], { env, input: '', reject: false })
    t.equal(result.exitCode, 0, `${line}: ${result.stderr}`)
  }
})
