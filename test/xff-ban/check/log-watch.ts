/** The log is looked at from its end on, by its name, and for no longer than it may take. */
import { execFileSync } from 'node:child_process'
import { appendFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { watchLog } from '../../../lib/xff-ban/check/log-watch.js'
import { tempDir } from '../../support/temp-dir.js'
import { LIMIT } from '../../support/wait-for.js'

const now = () => performance.now()

t.test('what was there before is not looked at, a line without its end neither', async t => {
  const path = join(tempDir(t, { log: 'mark old\nrest' }), 'log')
  const log = watchLog(path, now)
  t.equal(await log.find('mark', 0), undefined)
  appendFileSync(path, ' of a line\nanother mark')
  t.equal(await log.find('mark', 0), undefined)
  t.equal(log.lines(), 1)
  appendFileSync(path, ', now whole\n')
  t.same(await log.find('mark', LIMIT), { previous: ' of a line', line: 'another mark, now whole' })
  log.close()
})

t.test('its name is followed when it is rotated, either way, and when it comes later', async t => {
  const dir = tempDir(t)
  const path = join(dir, 'log')
  const log = watchLog(path, now)
  t.match(log.problem(), /^there is no /)
  writeFileSync(path, 'a\nmark 1\n')
  t.match(await log.find('mark 1', LIMIT), { line: 'mark 1' })
  t.equal(log.problem(), undefined)
  appendFileSync(path, 'mark 1b\n')
  renameSync(path, `${path}.1`)
  writeFileSync(path, 'mark 2\n')
  t.match(await log.find('mark 1b', LIMIT), { line: 'mark 1b' }, 'what was written before is not missed')
  t.match(await log.find('mark 2', LIMIT), { line: 'mark 2' })
  truncateSync(path)
  t.equal(await log.find('mark', 0), undefined)
  appendFileSync(path, 'm 3\n')
  t.match(await log.find('m 3', LIMIT), { line: 'm 3' })
  log.close()
})

t.test('a pipe and a folder are told and not waited for', async t => {
  const dir = tempDir(t, { folder: {} })
  execFileSync('mkfifo', [join(dir, 'pipe')])
  for (const name of ['folder', 'pipe']) {
    const log = watchLog(join(dir, name), now)
    t.match(log.problem(), /is not a regular file/, name)
    t.equal(await log.find('x', 0), undefined)
    log.close()
  }
})
