/** A printed pipeline does the jail's work: its options are those of the commands, and it bans. */
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { bundle, withCommands } from '../support/commands.js'
import { tempDir } from '../support/temp-dir.js'

const env = withCommands({ TZ: 'UTC' })

/** A line of uWSGI's log, answered now. */
function failure(client: string, status: number): string {
  const [, day, date, month, year, time] =
    /^(\w+), (\d+) (\w+) (\d+) (\S+)/.exec(new Date().toUTCString()) ?? []
  const logged = `${day} ${month} ${String(Number(date)).padStart(2)} ${time} ${year}`
  return (
    `[pid: 7|app: 0|req: 1/1] ${client} () {24 vars in 256 bytes} [${logged}] GET /x => generated 3 bytes ` +
    `in 0 msecs (HTTP/1.0 ${status}) 2 headers in 71 bytes (1 switches on core 0)\n`
  )
}

t.test('the printed pipeline runs, and bans', async t => {
  const dir = tempDir(t, {
    "it's a log": '',
    'jail.local': `[uwsgi]
enabled     = true
failregex   = <HOST> \\(.*\\) .* \\(HTTP/[012.]+ 4\\d\\d\\)
logpath     = ${t.testdirName}/it's a log
maxretry    = 3
findtime    = 5m
bantime     = 1h
bantime.increment = true
bantime.maxtime   = 5w
ignoreip    = 198.51.100.0/24
logtimezone = UTC
action      = iptables-multiport[]
              sendmail-whois[dest="nobody@localhost.invalid", sender="xff@localhost.invalid"]
`,
  })
  const printed = await execa(bundle('xff-import'), [join(dir, 'jail.local')], { input: '' })
  t.match(
    printed.stdout,
    /xff-ban --dry-run .*--increment --time-max 3024000 .*xff-notify --mail-to nobody@localhost\.invalid/s,
  )
  const shell = execa('bash', ['-c', printed.stdout], {
    env,
    reject: false,
    detached: true,
    cleanup: false,
    buffer: false,
  })
  t.teardown(async () => {
    if (shell.pid) process.kill(-shell.pid, 'SIGKILL')
    await shell
  })
  const banned = new Promise<Buffer[]>(resolve => shell.stdout.once('data', (...data) => resolve(data)))
  for (const client of ['198.51.100.7', '203.0.113.9', '203.0.113.5']) {
    for (let i = 0; i < 3; i++) {
      appendFileSync(join(dir, "it's a log"), failure(client, client === '203.0.113.9' ? 500 : 404))
    }
  }
  const [record] = await banned
  t.match(JSON.parse(String(record)), { type: 'ban', ip: '203.0.113.5', failures: 3, count: 1 })
})
