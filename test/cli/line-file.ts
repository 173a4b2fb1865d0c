import { execFileSync } from 'node:child_process'
import { closeSync, openSync, readFileSync, symlinkSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import { openLineFile } from '../../lib/cli/line-file.js'
import { noMounts, smallDisk } from '../support/full-disk.js'
import { tempDir } from '../support/temp-dir.js'

t.test('a full disk is told once, costs its lines and is no reason to stop', { skip: noMounts }, async t => {
  const disk = await smallDisk(t, 64)
  const path = join(disk.path, 'unparsed')
  const warnings: string[] = []
  const file = openLineFile(path, warning => warnings.push(warning))
  disk.fill()
  for (const line of ['one', 'two']) {
    file.append(line)
    await turn()
  }
  t.match(warnings, [/^cannot write to .*unparsed, and goes on without: .*ENOSPC/])
  t.equal(warnings.length, 1)
  disk.free()
  file.append('three')
  file.close()
  t.equal(readFileSync(path, 'utf8'), 'three\n')
})

t.test('the bound holds for a file over all starts', async t => {
  const path = join(t.testdir(), 'unparsed')
  writeFileSync(path, Buffer.alloc(64 * 1024 * 1024))
  const warnings: string[] = []
  const file = openLineFile(path, warning => warnings.push(warning))
  file.append('one')
  file.append('two')
  file.close()
  t.match(warnings, [/has reached 64 MiB/])
  t.equal(readFileSync(path).length, 64 * 1024 * 1024)
})

t.test('a link is not followed', async t => {
  const folder = t.testdir({ precious: 'precious' })
  symlinkSync('precious', join(folder, 'unparsed'))
  t.throws(() => openLineFile(join(folder, 'unparsed'), () => {}), { code: 'ELOOP' })
  t.equal(readFileSync(join(folder, 'precious'), 'utf8'), 'precious')
})

t.test('a pipe that nobody reads is refused at once', async t => {
  const path = join(tempDir(t), 'pipe')
  execFileSync('mkfifo', [path])
  t.throws(() => openLineFile(path, () => {}), /is not a regular file/)
})

t.test('a device is written, and what the shell has opened', async t => {
  const warnings: string[] = []
  const full = openLineFile('/dev/full', warning => warnings.push(warning))
  full.append('one')
  full.close()
  t.match(warnings, [/^cannot write to \/dev\/full, and goes on without: .*ENOSPC/])

  const path = join(tempDir(t), 'opened')
  const opened = openSync(path, 'w')
  const file = openLineFile(`/dev/fd/${opened}`, () => {})
  file.append('one')
  file.close()
  writeSync(opened, 'two')
  closeSync(opened)
  t.equal(readFileSync(path, 'utf8'), 'one\ntwo', 'which is left open')
})
