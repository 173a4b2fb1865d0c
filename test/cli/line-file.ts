import { readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import { openLineFile } from '../../lib/cli/line-file.js'
import { noMounts, smallDisk } from '../support/full-disk.js'

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
