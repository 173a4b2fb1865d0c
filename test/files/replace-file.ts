/** Files are replaced as a whole or not at all. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { draftOf, openDraft, replaceFile } from '../../lib/files/replace-file.js'
import { tempDir } from '../support/temp-dir.js'

t.test('a file is made, and replaced by another inode, with its mode and time', async t => {
  const dir = tempDir(t)
  const path = join(dir, 'file')
  await replaceFile(path, 'old')
  t.equal(readFileSync(path, 'utf8'), 'old')
  const { ino, mode } = statSync(path)
  t.equal(mode & 0o777, 0o644)
  await replaceFile(path, 'new', { mode: 0o600, modifiedMs: 1_000_000, durable: 'rename' })
  const now = statSync(path)
  t.equal(readFileSync(path, 'utf8'), 'new')
  t.not(now.ino, ino, 'who reads the old text goes on reading it')
  t.equal(now.mode & 0o777, 0o600)
  t.equal(now.mtimeMs, 1_000_000)
  t.same(readdirSync(dir), ['file'], 'nothing else is left')
})

t.test('where it fails the old file stays, and no draft', async t => {
  const dir = tempDir(t)
  // a folder with something in it cannot be replaced by a file
  mkdirSync(join(dir, 'path/full'), { recursive: true })
  await t.rejects(replaceFile(join(dir, 'path'), 'text'), { code: /EISDIR|ENOTEMPTY|EEXIST/ })
  t.same(readdirSync(dir), ['path'])
  await t.rejects(replaceFile(join(dir, 'none/file'), 'text'), { code: 'ENOENT' })
})

t.test('what lies where the draft goes is not written through', async t => {
  const dir = tempDir(t)
  const path = join(dir, 'file')
  const other = join(dir, 'other')
  writeFileSync(other, 'untouched')
  symlinkSync(other, draftOf(path))
  await replaceFile(path, 'text')
  t.equal(readFileSync(other, 'utf8'), 'untouched')
  t.notOk(statSync(path).ino === statSync(other).ino)
})

t.test('a draft can be written on when it has taken its place, and be thrown away before', async t => {
  const dir = tempDir(t)
  const path = join(dir, 'file')
  const draft = await openDraft(path)
  await draft.file.appendFile('one\n')
  t.notOk(existsSync(path))
  await draft.commit()
  await draft.file.appendFile('two\n')
  await draft.file.close()
  t.equal(readFileSync(path, 'utf8'), 'one\ntwo\n')
  const other = await openDraft(path)
  await other.file.appendFile('three\n')
  await other.discard()
  t.equal(readFileSync(path, 'utf8'), 'one\ntwo\n')
  t.same(readdirSync(dir), ['file'])
})
