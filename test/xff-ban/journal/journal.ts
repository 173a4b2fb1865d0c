import {
  appendFileSync,
  chmodSync,
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import type { BadLine } from '../../../lib/wire/bad-line.js'
import type { BanRecord } from '../../../lib/wire/record.js'
import type { JournalRecord } from '../../../lib/xff-ban/jail/jail.js'
import { openJournal } from '../../../lib/xff-ban/journal/journal.js'
import { HOUR_MS as HOUR, jailOf, START } from '../../support/bans.js'
import { noMounts, smallDisk } from '../../support/full-disk.js'
import { tempDir } from '../../support/temp-dir.js'

const ban = (n: number): BanRecord => ({
  type: 'ban',
  time: '2026-11-22T14:00:00.000Z',
  ip: `203.0.113.${n}`,
})

const open: { close: () => Promise<void> }[] = []
t.afterEach(() => Promise.all(open.splice(0).map(journal => journal.close().catch(() => {}))))

async function opened(path: string) {
  const told: JournalRecord[] = []
  const badLines: BadLine[] = []
  const journal = await openJournal(
    path,
    { recall: record => told.push(record), records: () => told, size: () => told.length, prune: () => {} },
    badLine => badLines.push(badLine),
  )
  open.push(journal)
  return { journal, told, badLines }
}

t.test('the next process reads what was appended to the journal', async t => {
  const path = join(tempDir(t), 'deep', 'journal.jsonl')
  const first = await opened(path)
  await first.journal.append([ban(1), ban(2)])
  await first.journal.append([])
  await first.journal.close()
  t.equal(statSync(path).mode & 0o777, 0o600)
  t.same((await opened(path)).told, [ban(1), ban(2)])
})

t.test('a torn last line of the journal loses that line only', async t => {
  const path = join(tempDir(t), 'journal.jsonl')
  writeFileSync(path, `${JSON.stringify(ban(1))}\n`)
  appendFileSync(path, '{"type":"ban","ti')
  const torn = await opened(path)
  t.same(torn.told, [ban(1)])
  t.match(torn.badLines, [{ line: 2, kind: 'not JSON in the journal' }])
  await torn.journal.append([ban(2)])
  t.same((await opened(path)).told, [ban(1), ban(2)])
  t.equal(readFileSync(path, 'utf8').split('\n').length, 4)
})

t.test('a journal that cannot be made is a clear error', async t => {
  const dir = tempDir(t, { file: 'x' })
  await t.rejects(opened(join(dir, 'file', 'journal')), {
    exitCode: 66,
    message: /--state.*(EEXIST|ENOTDIR)/,
  })
  chmodSync(dir, 0o755)
  await t.rejects(opened(dir), { exitCode: 66, message: /EISDIR/ })
})

/** A jail and its journal. */
async function jailAt(path: string) {
  const jail = jailOf({ maxBans: 1000, rememberMs: 10 * HOUR })
  const state = { ...jail, prune: () => jail.pruneHistory(jail.newest()) }
  const badLines: BadLine[] = []
  const journal = await openJournal(path, state, badLine => badLines.push(badLine))
  open.push(journal)
  const append = async (count: number, from: number) => {
    const records = Array.from({ length: count }, (_, n) => {
      const time = from + n * 60_000
      const ip = `198.51.${Math.floor(n / 250) % 250}.${n % 250}`
      const ended = jail.unbanExpired(time)
      const decision = jail.ban({ type: 'ban', time: new Date(time).toISOString(), ip }, time)
      return decision.does === 'ban' ? [...ended, decision.ban.record] : ended
    })
    await journal.append(records.flat())
  }
  return { jail, journal, badLines, append }
}
const lines = (path: string) => readFileSync(path, 'utf8').split('\n').length - 1

t.test('compaction drops what need not be remembered, and nothing else', async t => {
  const path = join(tempDir(t), 'journal.jsonl')
  writeFileSync(join(dirname(path), '.journal.jsonl.0123456789ab.new'), 'half of an earlier attempt')
  const { jail, journal, append } = await jailAt(path)
  await append(4_900, START)
  t.equal(await journal.tidy(), undefined)
  const before = lines(path)
  t.equal(before, 4_900 + 4_840, 'not while it is small')
  await append(4_900, START + 4_900 * 60_000)
  await journal.tidy()
  t.ok(lines(path) < 1_400, `${lines(path)} lines for ten hours and those in force`)
  t.equal(lines(path), jail.size())
  t.same(readdirSync(dirname(path)), ['journal.jsonl'])
  t.equal(statSync(path).mode & 0o777, 0o600)
  await append(1, START + 9_900 * 60_000)
  const after = await jailAt(path)
  t.same([...after.jail.records()], [...jail.records()], 'and what comes after it is written behind it')
  t.same(after.badLines, [])
})

t.test('a journal that somebody removed is written anew', async t => {
  const path = join(tempDir(t), 'journal.jsonl')
  const { jail, journal, append } = await jailAt(path)
  await append(3, START)
  rmSync(path)
  await append(1, START + HOUR)
  t.match(await journal.tidy(), /was taken away/)
  t.same([...(await jailAt(path)).jail.records()], [...jail.records()])
})

t.test('a journal of a million lines is read and compacted', async t => {
  const path = join(tempDir(t), 'journal.jsonl')
  const file = openSync(path, 'w')
  for (let block = 0; block < 100; block++) {
    const bans = Array.from({ length: 5_000 }, (_, n) => {
      const time = START + (block * 5_000 + n) * 1000
      const ip = `198.${block}.${n >> 8}.${n & 255}`
      const until = new Date(time + HOUR).toISOString()
      return (
        `{"type":"ban","time":"${new Date(time).toISOString()}","ip":"${ip}","until":"${until}","count":1}\n` +
        `{"type":"unban","time":"${until}","ip":"${ip}","reason":"expired"}\n`
      )
    })
    writeSync(file, bans.join(''))
  }
  closeSync(file)
  const { jail, journal, badLines } = await jailAt(path)
  t.same(badLines, [])
  t.equal(jail.newest(), START + 499_999_000 + HOUR)
  await journal.tidy()
  t.equal(lines(path), jail.size())
  t.ok(lines(path) <= 200_000, 'it is bounded whatever there was')
})

t.test('on a full disk an append is all or nothing', { skip: noMounts }, async t => {
  const disk = await smallDisk(t, 64)
  const path = join(disk.path, 'journal.jsonl')
  const { journal, told } = await opened(path)
  await journal.append([ban(1)])
  disk.fill()
  const many = Array.from({ length: 250 }, (_, n) => ban(n))
  await t.rejects(journal.append(many), { exitCode: 74, message: /cannot write the journal .*ENOSPC/ })
  await t.rejects(journal.append(many), /ENOSPC/)
  disk.free()
  await journal.append(many)
  await journal.close()
  const again = await opened(path)
  t.same(again.told, [ban(1), ...many], 'each once')
  t.same(again.badLines, [])
  t.same(told, [])
  await again.journal.close()
  disk.fill()
  await disk.readOnly()
  await t.rejects(opened(path), { exitCode: 66, message: /--state.*EROFS/ })
})
