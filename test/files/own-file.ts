import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, closeSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { geteuid } from 'node:process'
import t from 'tap'
import { openOwn, openOwnSync, readOwn } from '../../lib/files/own-file.js'
import { replaceFile } from '../../lib/files/replace-file.js'
import { ROOT } from '../support/commands.js'
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

t.test('a device may be there where that is allowed', async t => {
  t.throws(() => openOwnSync('/dev/full', 'append'), /is not a regular file/)
  closeSync(openOwnSync('/dev/full', 'append', { kind: 'device' }))
})

t.test('errors name the path that was given', async t => {
  const dir = tempDir(t)
  await t.rejects(openOwn(join(dir, 'none/file'), 'append'), { message: new RegExp(`'${dir}/none'`) })
  await t.rejects(readOwn(join(dir, 'none')), { message: new RegExp(`'${dir}/none'`), code: 'ENOENT' })
})

t.test('on the way a link is followed where nobody else could have put it', async t => {
  const dir = tempDir(t, { target: { file: 'x' } })
  mkdirSync(join(dir, 'folder'))
  symlinkSync('../target', join(dir, 'folder/relative'))
  symlinkSync(join(dir, 'folder/relative'), join(dir, 'absolute'))
  symlinkSync('circle', join(dir, 'circle'))
  for (const path of ['folder/relative/file', 'absolute/file', 'absolute/../target/./file'])
    t.equal(await readOwn(`${dir}/${path}`), 'x', path)
  await t.rejects(readOwn(join(dir, 'circle/file')), /too many links/)
  process.chdir(join(dir, 'folder'))
  t.teardown(() => process.chdir(ROOT))
  t.equal(await readOwn('relative/file'), 'x')

  for (const mode of [0o775, 0o757, 0o1777]) {
    chmodSync(join(dir, 'folder'), mode)
    chownSync(join(dir, 'folder'), -1, 60)
    for (const path of ['folder/relative/file', 'absolute/file']) {
      await t.rejects(readOwn(join(dir, path)), /relative is a link in a folder that others may write/)
      await t.rejects(openOwn(join(dir, `${path}.new`), 'append'), /a folder that others may write/)
      await t.rejects(replaceFile(join(dir, path), 'changed'), /a folder that others may write/)
    }
  }
  t.same(readdirSync(join(dir, 'target')), ['file'])
  t.equal(await readOwn(join(dir, 'target/file')), 'x')
})

t.test('nor is a link in the folder of somebody else followed', { skip: geteuid?.() !== 0 }, async t => {
  const dir = tempDir(t, { target: { file: 'x' }, theirs: {} })
  symlinkSync('../target', join(dir, 'theirs/link'))
  t.equal(await readOwn(join(dir, 'theirs/link/file')), 'x')
  chownSync(join(dir, 'theirs'), 65_534, 65_534)
  await t.rejects(readOwn(join(dir, 'theirs/link/file')), /a folder that others may write/)
})
