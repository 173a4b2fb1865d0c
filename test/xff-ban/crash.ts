/**
 * SIGKILL at random moments of a replay, then the replay from its beginning: in the end all is as if nothing had
 * happened, and nothing was told twice. `CRASHES=200` for the long run; SEED repeats one.
 */
import { createReadStream, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { execa } from 'execa'
import t from 'tap'
import { createJail } from '../../lib/xff-ban/jail/jail.js'
import { openJournal } from '../../lib/xff-ban/journal/journal.js'
import { jailOf } from '../support/bans.js'
import { bundle } from '../support/commands.js'
import { tempDir } from '../support/temp-dir.js'

const CRASHES = Number(process.env.CRASHES ?? 20)
// the journal of the long run is compacted on the way
const RECORDS = CRASHES > 100 ? 20_000 : 2_000
const START = Date.parse('2026-11-22T14:00:00.000Z')
const OPTIONS = ['--clock', 'log', '--time', '600', '--increment', '--max-bans', '400']

/** A generator of numbers from 0 to 1 that a seed repeats (mulberry32). */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Bans, some unbans and allowances, a few of them out of order, of addresses that come again and again. */
function story(next: () => number): string {
  let time = START
  const lines = Array.from({ length: RECORDS }, () => {
    time += Math.floor(next() * 6_000)
    const at = new Date(time - (next() < 0.1 ? Math.floor(next() * 60_000) : 0)).toISOString()
    const ip = `198.51.${Math.floor(next() * 6)}.${Math.floor(next() * 250)}`
    const until = next() < 0.5 ? { until: new Date(time + next() * 1_200_000).toISOString() } : {}
    const kind = next()
    if (kind < 0.03) return JSON.stringify({ type: 'allow', time: at, ip, ...until, note: 'a note' })
    if (kind < 0.05) return JSON.stringify({ type: 'disallow', time: at, ip })
    if (kind < 0.07) return JSON.stringify({ type: 'unban', time: at, ip, ...until })
    return JSON.stringify({ type: kind < 0.15 ? 'unban' : 'ban', time: at, ip })
  })
  return `${lines.join('\n')}\n`
}

/** What is left of a run. */
async function remains(dir: string) {
  const jail = createJail({
    banMs: () => 600_000,
    maxBans: 400,
    rememberMs: 30 * 86_400_000,
    exempt: () => undefined,
  })
  const badLines: string[] = []
  const state = { ...jail, prune: () => {} }
  const journal = await openJournal(join(dir, 'journal'), state, ({ kind }) => badLines.push(kind))
  await journal.close()
  jail.pruneHistory(jail.newest())
  const allowed = jail.allowed.inForce().map(({ ip }) => ip)
  const sorted = [...jail.records()].map(record => JSON.stringify(record)).sort()
  const bans = join(dir, 'bans')
  const files = readdirSync(bans)
    .sort()
    .map(name => [name, statSync(join(bans, name)).mtimeMs, readFileSync(join(bans, name), 'utf8')])
  return {
    journal: sorted,
    allowed: allowed.sort(),
    files,
    torn: badLines.filter(kind => kind !== 'not JSON in the journal'),
  }
}

/** Of the allowances that were told before the end, those that the journal does not have, or something later. */
async function forgotten(path: string, told: string): Promise<string[]> {
  const jail = jailOf()
  const state = { ...jail, prune: () => {} }
  const journal = existsSync(path) ? await openJournal(path, state, () => {}) : undefined
  await journal?.close()
  const kept = new Map([...jail.allowed.records()].map(record => [record.ip, record]))
  return told
    .replace(/[^\n]+$/, '')
    .split('\n')
    .filter(line => /"type":"(?:allow|disallow)"/.test(line))
    .filter(line => {
      const { ip, time } = JSON.parse(line)
      return !((kept.get(ip)?.time ?? '') >= time)
    })
}

t.test('a killed replay, replayed, ends as one that was not killed', { timeout: 3_600_000 }, async t => {
  const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31))
  t.comment(`seed ${seed}, ${CRASHES} crashes`)
  const next = random(seed)
  const dir = tempDir(t)
  const log = join(dir, 'bans.jsonl')
  writeFileSync(log, story(next))
  const start = (name: string) => {
    const place = join(dir, name)
    const child = execa(
      bundle('xff-ban'),
      ['--dir', join(place, 'bans'), '--state', join(place, 'journal'), ...OPTIONS],
      { reject: false },
    )
    createReadStream(log).pipe(child.stdin)
    child.stdin.on('error', () => {})
    return { place, child }
  }
  const began = performance.now()
  const calm = start('calm')
  t.match(await calm.child, { exitCode: 0 })
  const duration = performance.now() - began
  const wanted = await remains(calm.place)
  t.ok(wanted.allowed.length > 5, 'somebody is allowed')
  t.ok(wanted.files.length > 100 && wanted.journal.length > wanted.files.length, 'there is something to lose')
  const toldInCalm = (await calm.child).stdout.split('\n')

  for (let crash = 0; crash < CRASHES; crash++) {
    const { place, child } = start(`crash-${crash}`)
    const wait = next() * duration
    await Promise.race([pause(wait), child])
    child.kill('SIGKILL')
    const killed = await child
    t.same(
      await forgotten(join(place, 'journal'), killed.stdout),
      [],
      'who was told to be allowed is allowed',
    )
    const restarted = start(`crash-${crash}`)
    const { stdout, exitCode } = await restarted.child
    const told = [...killed.stdout.replace(/[^\n]+$/, '').split('\n'), ...stdout.split('\n')].filter(Boolean)
    t.equal(exitCode, 0)
    t.same(await remains(place), wanted, `killed after ${wait.toFixed()} ms`)
    t.equal(new Set(told).size, told.length, 'nothing is told twice')
    t.ok(new Set([...told, ...toldInCalm]).size <= toldInCalm.length, 'nor anything else than in calm')
  }
})
