import { execFileSync } from 'node:child_process'
import { chownSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { geteuid } from 'node:process'
import t from 'tap'
import { openOwn, openOwnSync, readOwn } from '../../lib/files/own-file.js'
import { tempDir } from '../support/temp-dir.js'

const KINDS = ['read', 'update', 'append'] as const

t.test('a file of ours is made, read and appended to', async t => {
  const path = join(tempDir(t), 'file')
  const file = await openOwn(path, 'append')
  await file.appendFile('one')
  await file.close()
  t.equal(await readOwn(path), 'one')
  await t.rejects(readOwn(`${path}.none`), { code: 'ENOENT' })
})

t.test('a link is not followed, wherever it leads', async t => {
  const dir = tempDir(t, { other: 'untouched' })
  for (const [name, target] of [
    ['to-a-file', 'other'],
    ['to-nothing', 'none'],
  ] as const) {
    const path = join(dir, name)
    symlinkSync(target, path)
    for (const kind of KINDS) {
      await t.rejects(openOwn(path, kind), { code: 'ELOOP' })
      t.throws(() => openOwnSync(path, kind), { code: 'ELOOP' })
    }
  }
  t.equal(readFileSync(join(dir, 'other'), 'utf8'), 'untouched')
  t.notOk(readdirSync(dir).includes('none'))
})

t.test('a pipe and a folder are refused at once', async t => {
  const dir = tempDir(t, { folder: {} })
  const pipe = join(dir, 'pipe')
  execFileSync('mkfifo', [pipe])
  for (const kind of KINDS) {
    await t.rejects(openOwn(pipe, kind), /is not a regular file/)
    t.throws(() => openOwnSync(pipe, kind), /is not a regular file/)
    await t.rejects(openOwn(join(dir, 'folder'), kind), /EISDIR|is not a regular file/)
  }
})

t.test(
  'a file of somebody else is refused, unless the folder is theirs',
  { skip: geteuid?.() !== 0 },
  async t => {
    const dir = tempDir(t, { ours: { file: 'x' }, theirs: { file: 'x' } })
    chownSync(join(dir, 'ours/file'), 65_534, 65_534)
    chownSync(join(dir, 'theirs/file'), 65_534, 65_534)
    chownSync(join(dir, 'theirs'), 65_534, 65_534)
    await t.rejects(readOwn(join(dir, 'ours/file')), /belongs to user 65534/)
    t.equal(await readOwn(join(dir, 'theirs/file')), 'x')
  },
)
