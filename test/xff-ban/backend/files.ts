import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { filesBackend } from '../../../lib/xff-ban/backend/files.js'
import type { Ban } from '../../../lib/xff-ban/jail/ban.js'
import { tempDir } from '../../support/temp-dir.js'

const ban = (ip: string, until: number): Ban => ({
  ip,
  until,
  record: { type: 'ban', ip, until: new Date(until).toISOString() },
})

t.test('each ban has a file, whose mtime is its end', async t => {
  const dir = join(tempDir(t), 'jail')
  const backend = filesBackend(dir)
  await backend.open([ban('203.0.113.1', 1_795_000_000_000)])
  await backend.apply([{ ban: ban('2001:db8::5', 1_795_000_060_000) }, { unban: '203.0.113.9' }])
  t.same(readdirSync(dir).sort(), ['2001:db8::5', '203.0.113.1'])
  t.equal(statSync(join(dir, '2001:db8::5')).mtimeMs, 1_795_000_060_000)
  t.match(JSON.parse(readFileSync(join(dir, '203.0.113.1'), 'utf8')), { type: 'ban', ip: '203.0.113.1' })
  await backend.apply([{ ban: ban('203.0.113.1', 1_795_000_120_000) }, { unban: '2001:db8::5' }])
  t.same(readdirSync(dir), ['203.0.113.1'])
  t.equal(statSync(join(dir, '203.0.113.1')).mtimeMs, 1_795_000_120_000, 'a ban of one banned replaces it')
})

t.test('files of an earlier run are removed, files of others stay', async t => {
  const dir = tempDir(t, { README: 'x', '203.0.113.50': 'by hand', '.203.0.113.3.0123456789ab.new': 'half' })
  const earlier = filesBackend(dir)
  await earlier.open([ban('203.0.113.1', 1_795_000_000_000), ban('203.0.113.2', 1_795_000_000_000)])
  writeFileSync(join(dir, '.hidden'), '')
  const backend = filesBackend(dir)
  await backend.open([ban('203.0.113.2', 1_795_000_000_000)])
  t.same(readdirSync(dir).sort(), ['.hidden', '203.0.113.2', '203.0.113.50', 'README'])
  await backend.flush()
  t.same(readdirSync(dir).sort(), ['.hidden', '203.0.113.50', 'README'])
})

t.test('a folder that cannot be made is a clear error', async t => {
  const dir = tempDir(t, { file: 'x' })
  await t.rejects(filesBackend(join(dir, 'file')).open([]), {
    exitCode: 69,
    message: /cannot keep bans in .*file: EEXIST/,
  })
})
