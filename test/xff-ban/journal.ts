import { appendFileSync, chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Fault } from '../../lib/fault.js'
import type { BanRecord, UnbanRecord } from '../../lib/record.js'
import { openJournal } from '../../lib/xff-ban/journal.js'

const ban = (n: number): BanRecord => ({
  type: 'ban',
  time: '2026-11-22T14:00:00.000Z',
  ip: `203.0.113.${n}`,
})

async function opened(path: string) {
  const told: (BanRecord | UnbanRecord)[] = []
  const faults: Fault[] = []
  const journal = await openJournal(
    path,
    { recall: record => told.push(record), records: () => told, size: () => told.length, forget: () => {} },
    fault => faults.push(fault),
  )
  return { journal, told, faults }
}

t.test('what was appended is told to the next', async t => {
  const path = join(t.testdir(), 'deep', 'journal.jsonl')
  const first = await opened(path)
  await first.journal.append([ban(1), ban(2)])
  await first.journal.append([])
  await first.journal.close()
  t.equal(statSync(path).mode & 0o777, 0o600)
  t.same((await opened(path)).told, [ban(1), ban(2)])
})

t.test('a torn last line costs that line alone', async t => {
  const path = join(t.testdir(), 'journal.jsonl')
  writeFileSync(path, `${JSON.stringify(ban(1))}\n`)
  appendFileSync(path, '{"type":"ban","ti')
  const torn = await opened(path)
  t.same(torn.told, [ban(1)])
  t.match(torn.faults, [{ line: 2, kind: 'not JSON in the journal' }])
  await torn.journal.append([ban(2)])
  t.same((await opened(path)).told, [ban(1), ban(2)])
  t.equal(readFileSync(path, 'utf8').split('\n').length, 4)
})

t.test('a journal that cannot be is a clear error', async t => {
  const dir = t.testdir({ file: 'x' })
  await t.rejects(opened(join(dir, 'file', 'journal')), {
    exitCode: 66,
    message: /--state.*(EEXIST|ENOTDIR)/,
  })
  chmodSync(dir, 0o755)
  await t.rejects(opened(dir), { exitCode: 66, message: /EISDIR/ })
})
