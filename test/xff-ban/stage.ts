/** What is told, and when, while the backend or the disk fails: the backend is a folder, taken away and given back. */
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import t from 'tap'
import type { BanRecord } from '../../lib/wire/record.js'
import { type Backend, BackendError } from '../../lib/xff-ban/backend/backend.js'
import { filesBackend } from '../../lib/xff-ban/backend/files.js'
import { nullBackend } from '../../lib/xff-ban/backend/null.js'
import { NO_JOURNAL, openJournal } from '../../lib/xff-ban/journal/journal.js'
import { xffBan } from '../../lib/xff-ban/stage.js'
import { address, banRecord, jailOf, MINUTE_MS, START } from '../support/bans.js'
import { noMounts, smallDisk } from '../support/full-disk.js'
import { tempDir } from '../support/temp-dir.js'
import { waitFor } from '../support/wait-for.js'

/** A ban n milliseconds after the start. */
const ban = (n: number, ip = address(n)): BanRecord => banRecord(ip, n / MINUTE_MS)

async function started(backend: Backend, path: string | undefined, jailOptions = {}) {
  const own = await prepared(backend, path, jailOptions)
  await own.open()
  return own
}

async function prepared(backend: Backend, path: string | undefined, jailOptions = {}) {
  const jail = jailOf(jailOptions)
  const state = { ...jail, prune: () => {} }
  const said: string[] = []
  const told: string[] = []
  const own = xffBan({
    jail,
    backend,
    journal: path === undefined ? NO_JOURNAL : await openJournal(path, state, () => {}),
    now: () => START,
    flush: false,
    verifyMs: 20,
    storm: 1_000_000,
    warn: message => said.push(message),
  })
  own.stage.on('data', ({ type, ip }) => told.push(`${type} ${ip}`))
  own.stage.on('error', () => {})
  const end = () => {
    own.stage.end()
    return finished(own.stage)
  }
  return { ...own, said, told, end }
}

/** A folder of bans that can be taken away, so that nothing can be put there. */
function jailFolder(t: Parameters<typeof tempDir>[0]) {
  const base = tempDir(t)
  const dir = join(base, 'bans')
  const away = join(base, 'away')
  return {
    dir,
    journal: join(base, 'journal'),
    takeAway() {
      renameSync(dir, away)
      writeFileSync(dir, 'no folder')
    },
    giveBack() {
      rmSync(dir)
      renameSync(away, dir)
    },
  }
}
const has = (path: string, text: string) =>
  waitFor(`${text} in ${path}`, () => readFileSync(path, 'utf8').includes(text))
const until = (condition: () => boolean) => waitFor(String(condition), condition)

t.test('a record is emitted after it was enforced and journaled', async t => {
  const { dir, journal } = jailFolder(t)
  const { stage, end } = await started(filesBackend(dir), journal)
  stage.on('data', ({ ip }) => {
    t.ok(existsSync(join(dir, ip)))
    t.match(readFileSync(journal, 'utf8'), `"ip":"${ip}"`)
  })
  stage.write(ban(1))
  stage.write(ban(2))
  await end()
  t.equal(stage.readableLength, 0)
})

t.test('what comes while the backend opens is carried out behind it, all at once', async t => {
  const applied: number[] = []
  let finishOpening = () => {}
  const opening = new Promise<void>(resolve => {
    finishOpening = resolve
  })
  const backend: Backend = {
    ...nullBackend(),
    atOnce: 3_000,
    open: () => opening,
    apply: async changes => void applied.push(changes.length),
  }
  const { stage, open, told, end } = await prepared(backend, undefined)
  const opened = open(async () => {
    t.same(told, [], 'not before what is to be done first')
  })
  let taken = 0
  for (let n = 1; n <= 3_500; n++) stage.write(ban(n), () => (taken += 1))
  await until(() => taken === 2_999)
  t.same(applied, [])
  finishOpening()
  await opened
  await end()
  t.same(applied, [3_000, 500], 'the input waits when so many are there')
  t.same(
    told,
    Array.from({ length: 3_500 }, (_, i) => `ban ${address(i + 1)}`),
  )
})

t.test('a backend that does not open fails what has come meanwhile', async t => {
  const failing = { ...nullBackend(), open: () => Promise.reject(new BackendError('closed')) }
  const { stage, open, told } = await prepared(failing, undefined)
  const opened = open()
  stage.write(ban(1))
  await t.rejects(opened, { message: 'closed', exitCode: 69 })
  await t.rejects(finished(stage), { message: 'closed' })
  t.same(told, [])
})

t.test('bans made while the backend is gone are emitted when it is back', async t => {
  const { dir, journal, takeAway, giveBack } = jailFolder(t)
  const { stage, said, told, end } = await started(filesBackend(dir), journal)
  stage.write(ban(1))
  await until(() => told.length === 1)
  takeAway()
  stage.write(ban(2))
  await has(journal, ban(2).ip)
  t.same(told, ['ban 198.51.0.1'], 'what is not enforced is journaled and not told')
  giveBack()
  await until(() => told.length === 2)
  t.same(readdirSync(dir), ['198.51.0.1', '198.51.0.2'])
  t.match(said[0], /^cannot keep bans in .*; trying again/)
  t.match(said.at(-1), /enforced again, 2 bans$/)
  await end()
})

t.test('while the backend is gone the input waits, and nothing is lost', async t => {
  const { dir, journal, takeAway, giveBack } = jailFolder(t)
  const { stage, told, end } = await started(filesBackend(dir), journal)
  takeAway()
  let taken = 0
  for (let n = 1; n <= 3_000; n++) stage.write(ban(n), () => (taken += 1))
  await has(journal, ban(1).ip)
  await until(() => taken >= 999)
  t.ok(taken <= 2_001, `${taken} were taken`)
  giveBack()
  await end()
  t.equal(told.length, 3_000)
  t.equal(readdirSync(dir).length, 3_000)
})

t.test(
  'asked to end while the backend is gone, xff-ban gives up and the next one enforces the bans',
  async t => {
    const { dir, journal, takeAway, giveBack } = jailFolder(t)
    const { stage, told, drain, end } = await started(filesBackend(dir), journal)
    takeAway()
    for (let n = 1; n <= 1_500; n++) stage.write(ban(n))
    drain()
    await t.rejects(end(), { exitCode: 69, message: /cannot keep bans/ })
    t.same(told, [])
    giveBack()
    const next = await started(filesBackend(dir), journal)
    t.equal(readdirSync(dir).length, 1_500)
    await next.end()
    t.same(next.told, [])
  },
)

t.test('a backend that cannot be used at the start is a clear error', async t => {
  const dir = tempDir(t, { file: 'x' })
  await t.rejects(started(filesBackend(join(dir, 'file')), undefined), { exitCode: 69, message: /EEXIST/ })
})

t.test('what others take away is restored, with a warning', async t => {
  const { dir, journal } = jailFolder(t)
  const { stage, said, told, end } = await started(filesBackend(dir), journal)
  stage.write(ban(1))
  await until(() => told.length === 1)
  rmSync(join(dir, ban(1).ip))
  await waitFor('the file, put back', () => readFileSync(join(dir, ban(1).ip)))
  t.match(said, [/1 file missing in .*; restored/])
  await end()
})

t.test(
  'on a full disk bans are enforced, and emitted when they can be journaled',
  { skip: noMounts },
  async t => {
    const { dir } = jailFolder(t)
    const disk = await smallDisk(t, 64)
    const journal = join(disk.path, 'journal')
    const { stage, said, told, end } = await started(filesBackend(dir), journal)
    disk.fill()
    for (let n = 0; n < 500; n++) stage.write(ban(n))
    await waitFor('the last file', () => readFileSync(join(dir, ban(499).ip)))
    t.same(told, [])
    await until(() => said.length === 1)
    t.match(said, [/^cannot write the journal .*ENOSPC.*still enforced/])
    disk.free()
    await until(() => told.length === 500)
    t.match(said[1], /the journal can be written again, 500 records/)
    t.equal(readFileSync(journal, 'utf8').split('\n').length, 501)
    disk.fill()
    for (let n = 500; n < 1000; n++) stage.write(ban(n))
    await t.rejects(
      end(),
      { exitCode: 74, message: /ENOSPC/ },
      'a disk that stays full is an error at the end',
    )
  },
)

t.test('orders that came in one piece are one transaction', async t => {
  const transactions: number[] = []
  const apply = async (changes: readonly unknown[]) => {
    transactions.push(changes.length)
  }
  const { stage, end } = await started({ ...nullBackend(), apply }, undefined)
  for (let n = 0; n < 500; n++) stage.write(ban(n))
  await end()
  t.same(transactions, [500])
})

t.test('a banned address that goes on failing is warned of with the likely cause', async t => {
  const { dir, journal } = jailFolder(t)
  const { stage, said, end } = await started(filesBackend(dir), journal)
  for (const seconds of [0, 4, 6, 7]) stage.write(ban(seconds * 1000 + 1, '198.51.0.1'))
  await end()
  t.match(said, [/^banned, yet still failing: 198\.51\.0\.1\. Likely cause: nothing that answers requests/])
  t.equal(said.length, 1)
})

t.test(
  'an eviction is emitted before the ban that caused it, and a start unbans whom it may not ban',
  async t => {
    const { dir, journal } = jailFolder(t)
    const first = await started(filesBackend(dir), journal, { maxBans: 2 })
    for (const n of [1, 2, 3]) first.stage.write(ban(n))
    await first.end()
    t.same(first.told, ['ban 198.51.0.1', 'ban 198.51.0.2', 'unban 198.51.0.1', 'ban 198.51.0.3'])
    t.same(readdirSync(dir), ['198.51.0.2', '198.51.0.3'])
    const exempt = (ip: string) => (ip === '198.51.0.3' ? 'it is ours now' : undefined)
    const second = await started(filesBackend(dir), journal, { exempt })
    await second.end()
    t.same(second.told, ['unban 198.51.0.3'])
    t.match(second.said, [/no longer banned: 198\.51\.0\.3: it is ours now/])
    t.same(readdirSync(dir), ['198.51.0.2'])
  },
)
