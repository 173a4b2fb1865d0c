import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { withCommands } from './commands.js'
import { hostileLog, hostileRecords } from './hostile-records.js'
import { seeded } from './seeded.js'
import { tempDir } from './temp-dir.js'

/** The ban at the end: whoever shows it has read all. */
export const LAST = {
  ...{ type: 'ban', time: '2026-11-22T15:59:59.000Z', ip: '192.0.2.99', until: '2036-11-22T15:00:00.000Z' },
  rule: '\x1b[2J',
  reason: '/\x1b]0;owned\x07\u202e中',
  last: { status: 404, method: 'GET\x1b[2J', uri: '/\x1b]0;owned\x07\u202e中' },
}

/**
 * A folder with a hostile `log`; its `requests`, the `bans` for them and the metrics of who made these; `others`, which
 * are records of any type; and `records`, which are all of these.
 */
export async function hostileFiles(
  t: Parameters<typeof tempDir>[0] & Parameters<typeof seeded>[0],
): Promise<{ dir: string; records: string; said: string }> {
  const dir = tempDir(t)
  const { seed, numRuns = 1 } = seeded(t, 2_000)
  const half = { seed, numRuns: Math.ceil(numRuns / 2) } as Parameters<typeof hostileLog>[0]
  writeFileSync(join(dir, 'log'), hostileLog(half))
  const others = [...hostileRecords(half), LAST].map(record => `${JSON.stringify(record)}\n`)
  writeFileSync(join(dir, 'others'), others.join(''))
  const line =
    'xff-window < log > /dev/null; uwsgi-parse --metrics parse.prom < log | tee requests |' +
    'xff-window --max 2 --metrics window.prom | xff-ban --dry-run --clock log --metrics ban.prom > bans;' +
    'cat requests bans others > records'
  const { stderr } = await execa('bash', ['-c', line], { cwd: dir, env: withCommands({ TZ: 'UTC' }) })
  return { dir, records: join(dir, 'records'), said: stderr }
}
