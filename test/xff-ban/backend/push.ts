/** A program that gets whole sets of bans. */
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { pushBackend } from '../../../lib/xff-ban/backend/push.js'
import type { Ban } from '../../../lib/xff-ban/jail/ban.js'
import { tempDir } from '../../support/temp-dir.js'

const ban = (ip: string, until = 0): Ban => ({ ip, until, record: { type: 'ban', ip } })
const SECOND = 1000

/** A backend whose program is a shell script, and whose clock moves only while it pauses. */
function withScript(t: Test, script: string, { limit = 10, timeoutMs = 120 * SECOND } = {}) {
  const folder = tempDir(t)
  const program = join(folder, 'program')
  writeFileSync(program, `#!/bin/sh\ncd ${folder}\n${script}\n`)
  chmodSync(program, 0o755)
  const said: string[] = []
  const pauses: number[] = []
  let now = 0
  const backend = pushBackend({
    ...{ command: [program, 'an argument'], everyMs: 30 * SECOND, limit, timeoutMs },
    monotonic: () => now,
    pause: {
      async wait(milliseconds) {
        pauses.push(milliseconds / SECOND)
        now += milliseconds
      },
      end: () => {},
    },
    warn: message => said.push(message.replaceAll(`${folder}/`, '')),
  })
  /** the addresses that each run was given */
  const runs = () =>
    readFileSync(join(folder, 'runs'), 'utf8')
      .split('.\n')
      .slice(0, -1)
      .map(run => [...run.matchAll(/"ip":"([^"]+)"/g)].map(([, ip]) => ip))
  return { backend, folder, said, pauses, runs }
}

t.test('it gets the whole set when that has changed, and not more often than asked for', async t => {
  const { backend, pauses, runs } = withScript(t, '(cat; echo .) >> runs')
  await backend.open([])
  await backend.apply([{ ban: ban('203.0.113.1') }, { ban: ban('2001:db8::/64') }])
  await backend.apply([{ ban: ban('203.0.113.1') }])
  await backend.apply([{ unban: '203.0.113.1' }, { ban: ban('203.0.113.2') }])
  t.equal(await backend.reconcile(), undefined)
  await backend.flush()
  t.same(runs(), [[], ['203.0.113.1', '2001:db8::/64'], ['2001:db8::/64', '203.0.113.2'], []])
  t.ok(pauses.every(seconds => seconds === 30))
  await backend.open([])
  t.equal(runs().length, 5, 'what an earlier run has left there is not known')
})

t.test('where there are too many, those that end last are kept, and that is said once', async t => {
  const { backend, said, runs } = withScript(t, '(cat; echo .) >> runs', { limit: 2 })
  await backend.open([ban('203.0.113.1', 3), ban('203.0.113.2', 1), ban('203.0.113.3', 2)])
  await backend.apply([{ ban: ban('203.0.113.4', 4) }])
  await backend.apply([{ unban: '203.0.113.4' }, { unban: '203.0.113.3' }])
  t.same(runs(), [
    ['203.0.113.1', '203.0.113.3'],
    ['203.0.113.4', '203.0.113.1'],
    ['203.0.113.1', '203.0.113.2'],
  ])
  t.same(said, [
    '3 bans are more than --limit 2: program gets those that end last, the others are not enforced',
    'all 2 bans are within --limit 2 again',
  ])
})

t.test('when it fails the pauses grow, and the last state wins', async t => {
  const { backend, folder, pauses, runs } = withScript(
    t,
    '[ -e up ] || { echo "429" >&2; exit 75; }; (cat; echo .) >> runs',
  )
  await t.rejects(backend.open([]), /program: 429$/)
  for (let i = 0; i < 6; i++) await t.rejects(backend.open([ban('203.0.113.1')]), /429/)
  t.same(pauses, [60, 120, 240, 480, 600, 600])
  writeFileSync(join(folder, 'up'), '')
  await backend.open([ban('203.0.113.2')])
  await backend.apply([{ ban: ban('203.0.113.3') }])
  t.equal(pauses.at(-1), 30)
  t.same(runs(), [['203.0.113.2'], ['203.0.113.2', '203.0.113.3']])
  rmSync(join(folder, 'up'))
  await t.rejects(backend.apply([{ unban: '203.0.113.3' }]))
  backend.hurry?.()
  await t.rejects(backend.open([]))
  t.same(pauses.slice(-2), [30, 1], 'a command that is to end does not wait for long')
})

t.test('one that hangs is ended', async t => {
  const { backend, folder } = withScript(t, 'echo > began; exec sleep 3600', { timeoutMs: 2 * SECOND })
  await t.rejects(backend.open([]), /did not end within 2 s/)
  t.ok(existsSync(join(folder, 'began')))
})
