/** Files are replaced as a whole or not at all. */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import {
  openDraft,
  openFilesOf,
  removeDrafts,
  replaceFile,
  targetOfDraft,
} from '../../lib/files/replace-file.js'
import { tempDir } from '../support/temp-dir.js'

t.test('a file is made, and replaced by another inode, with its mode and time', async t => {
  const dir = tempDir(t)
  const path = join(dir, 'file')
  await replaceFile(path, 'old')
  t.equal(readFileSync(path, 'utf8'), 'old')
  const { ino, mode } = statSync(path)
  t.equal(mode & 0o777, 0o644)
  await replaceFile(path, 'new', { mode: 0o600, durable: 'rename' })
  const now = statSync(path)
  t.equal(readFileSync(path, 'utf8'), 'new')
  t.not(now.ino, ino, 'who reads the old text goes on reading it')
  t.equal(now.mode & 0o777, 0o600)
  const files = openFilesOf(dir)
  files.replace('file', 'newest', 1_000_000)
  files.close()
  const last = statSync(path)
  t.equal(readFileSync(path, 'utf8'), 'newest')
  t.not(last.ino, now.ino, 'nor is it written to here')
  t.equal(last.mode & 0o777, 0o644)
  t.equal(last.mtimeMs, 1_000_000)
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

t.test('nobody can foresee the name of a draft, and what a dead process left can be removed', async t => {
  const dir = tempDir(t)
  const path = join(dir, 'file')
  const drafts = [await openDraft(path), await openDraft(path)]
  const names = readdirSync(dir)
  t.equal(new Set(names).size, 2)
  for (const name of names) t.equal(targetOfDraft(name), 'file')
  for (const draft of drafts) await draft.file.close()
  writeFileSync(join(dir, '.file.new'), 'of somebody else')
  await removeDrafts(path)
  t.same(readdirSync(dir), ['.file.new'])
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
