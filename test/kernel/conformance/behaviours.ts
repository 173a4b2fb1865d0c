import { join } from 'node:path'
import { execa } from 'execa'
import type { Test } from 'tap'
import { BackendError, type Change } from '../../../lib/xff-ban/backend/backend.js'
import { bundle } from '../../support/commands.js'
import { shortTempDir } from '../../support/temp-dir.js'
import { LIMIT, waitFor } from '../../support/wait-for.js'
import {
  ATTACKER,
  ATTACKER6,
  BANNED_BY_OTHERS,
  BESIDE_PREFIXES,
  BYSTANDERS,
  IN_PREFIXES,
  PREFIXES,
  SECOND_ATTACKER,
  THOUSAND,
} from '../addresses.js'
import { inTime } from '../lab/in-time.js'
import { ban } from './ban.js'
import type { EnforcementPoint } from './enforcement-point.js'

const EVERYBODY = [ATTACKER, ATTACKER6, SECOND_ATTACKER, ...BYSTANDERS]

/** What every backend does, whatever it enforces with. */
export const behaviours: Readonly<Record<string, (t: Test, place: EnforcementPoint) => Promise<void>>> = {
  async 'a ban refuses the banned and nobody else'(t, place) {
    const backend = place.start()
    await backend.open([ban(ATTACKER)])
    await refused(t, place, [ATTACKER])
    await backend.apply([{ ban: ban(ATTACKER6) }])
    await refused(t, place, [ATTACKER, ATTACKER6])
    t.equal(await backend.reconcile(), undefined, 'all is well')
  },

  async 'a second ban replaces the first, and one unban ends both'(t, place) {
    const backend = place.start()
    await backend.open([])
    await backend.apply([{ ban: ban(ATTACKER) }])
    await backend.apply([{ ban: ban(ATTACKER, 7200) }, { ban: ban(SECOND_ATTACKER) }])
    await refused(t, place, [ATTACKER, SECOND_ATTACKER])
    await backend.apply([{ unban: ATTACKER }])
    await refused(t, place, [SECOND_ATTACKER])
    t.equal(await backend.reconcile(), undefined, 'all is well')
  },

  async 'changes of one address take place in their order'(t, place) {
    const backend = place.start()
    await backend.open([ban(ATTACKER6)])
    const changes: Change[] = [
      ...[{ ban: ban(ATTACKER) }, { unban: ATTACKER }, { ban: ban(ATTACKER) }],
      ...[{ unban: ATTACKER6 }, { ban: ban(ATTACKER6) }, { unban: ATTACKER6 }],
    ]
    await backend.apply(changes)
    await refused(t, place, [ATTACKER])
  },

  async 'an unban of somebody unknown is nothing'(t, place) {
    const backend = place.start()
    await backend.open([ban(ATTACKER)])
    await backend.apply([{ unban: SECOND_ATTACKER }, { unban: '2001:db8::ffff' }])
    await backend.apply([])
    await refused(t, place, [ATTACKER])
    t.equal(await backend.reconcile(), undefined, 'all is well')
  },

  async 'a prefix refuses all in it'(t, place) {
    const backend = place.start()
    await backend.open([])
    await backend.apply(PREFIXES.map(prefix => ({ ban: ban(prefix) })))
    await refused(t, place, IN_PREFIXES, [...IN_PREFIXES, ...BESIDE_PREFIXES])
    t.equal(await backend.reconcile(), undefined, 'all is well')
    await backend.apply(PREFIXES.map(unban => ({ unban })))
    await refused(t, place, [], [...IN_PREFIXES, ...BESIDE_PREFIXES])
  },

  async '1,000 bans at once, and as many unbans, take place'(t, place) {
    const backend = place.start()
    await backend.open([ban(ATTACKER)])
    await backend.apply(THOUSAND.map(ip => ({ ban: ban(ip) })))
    await refused(t, place, [ATTACKER, ...THOUSAND], [...EVERYBODY, ...THOUSAND])
    t.equal(await backend.reconcile(), undefined, 'all is well')
    const next = place.start()
    await next.open([ATTACKER6, ...THOUSAND].map(ip => ban(ip)))
    await refused(t, place, [ATTACKER6, ...THOUSAND], [...EVERYBODY, ...THOUSAND])
    await next.apply(THOUSAND.map(unban => ({ unban })))
    await refused(t, place, [ATTACKER6], [...EVERYBODY, ...THOUSAND])
  },

  async 'a new run takes over with another set of bans'(t, place) {
    await place.start().open([ban(ATTACKER), ban(ATTACKER6)])
    const backend = place.start()
    await backend.open([ban(ATTACKER6, 7200), ban(SECOND_ATTACKER)])
    await refused(t, place, [ATTACKER6, SECOND_ATTACKER])
    t.equal(await backend.reconcile(), undefined, 'all is well')
    await backend.apply([{ unban: ATTACKER6 }])
    await refused(t, place, [SECOND_ATTACKER])
    await place.start().open([])
    await refused(t, place, [])
  },

  async 'what others take away is put back, and reported'(t, place) {
    const backend = place.start()
    await backend.open([ban(ATTACKER), ban(ATTACKER6), ban(SECOND_ATTACKER)])
    await refused(t, place, [ATTACKER, ATTACKER6, SECOND_ATTACKER])
    for (const [what, damage] of Object.entries(place.damages)) {
      await damage()
      t.type(await backend.reconcile(), 'string', `${what}: is said`)
      await refused(t, place, [ATTACKER, ATTACKER6, SECOND_ATTACKER])
      t.equal(await backend.reconcile(), undefined, `${what}: is all well again`)
    }
    await backend.apply([{ unban: ATTACKER }, { unban: ATTACKER6 }])
    await refused(t, place, [SECOND_ATTACKER])
  },

  async 'rules, entries and files of others stay as they are'(t, place) {
    const all = [...EVERYBODY, BANNED_BY_OTHERS]
    await place.theirs(BANNED_BY_OTHERS)
    await refused(t, place, [BANNED_BY_OTHERS], all)
    const backend = place.start()
    await backend.open([ban(ATTACKER)])
    await backend.apply([{ ban: ban(SECOND_ATTACKER) }, { unban: ATTACKER }])
    await refused(t, place, [SECOND_ATTACKER, BANNED_BY_OTHERS], all)
    for (const damage of Object.values(place.damages)) {
      await damage()
      await backend.reconcile()
    }
    await refused(t, place, [SECOND_ATTACKER, BANNED_BY_OTHERS], all)
    await place.start().open([ban(ATTACKER6)])
    await refused(t, place, [ATTACKER6, BANNED_BY_OTHERS], all)
    await place.start().flush()
    await refused(t, place, [BANNED_BY_OTHERS], all)
  },

  async 'an enforcement point that was gone enforces every ban again'(t, place) {
    const backend = place.start()
    await backend.open([ban(ATTACKER), ban(ATTACKER6)])
    const comeBack = await place.goAway()
    await backendErrorAtMost(t, () => backend.reconcile())
    await backendErrorAtMost(t, () => backend.apply([{ ban: ban(SECOND_ATTACKER) }, { unban: ATTACKER6 }]))
    await comeBack()
    await backend.open([ban(ATTACKER), ban(SECOND_ATTACKER)])
    await refused(t, place, [ATTACKER, SECOND_ATTACKER])
    t.equal(await backend.reconcile(), undefined, 'all is well')
    await backend.apply([{ unban: SECOND_ATTACKER }])
    await refused(t, place, [ATTACKER])
  },

  async 'an enforcement point that was restarted still has its bans'(t, place) {
    const backend = place.start()
    await backend.open([ban(ATTACKER), ban(ATTACKER6)])
    await backend.apply([{ unban: ATTACKER6 }, { ban: ban(SECOND_ATTACKER) }])
    const comeBack = await place.goAway()
    await comeBack()
    await refused(t, place, [ATTACKER, SECOND_ATTACKER])
    t.equal(await backend.reconcile(), undefined, 'all is well')
  },

  async 'a ban ends at its enforcement point without xff-ban'(t, place) {
    const { found } = await inTime(async seconds => {
      const ending = ban(ATTACKER, seconds)
      await place.start().open([ending, ban(SECOND_ATTACKER)])
      return { until: ending.until, found: await lookAt(place, [ATTACKER, SECOND_ATTACKER]) }
    })
    t.same(found, [ATTACKER, SECOND_ATTACKER].sort())
    await waitFor('the end of the ban', async () => (await place.refused([ATTACKER])).length === 0)
    await refused(t, place, [SECOND_ATTACKER])
  },

  async 'the command makes this backend from its options'(t, place) {
    const run = (...more: string[]) =>
      execa(
        process.execPath,
        [bundle('xff-ban'), ...place.options, '--state', `${shortTempDir(t)}/journal`, ...more],
        {
          input: [ATTACKER, ATTACKER6].map(ip => `{"type":"ban","ip":"${ip}"}\n`).join(''),
          env: { NODE_OPTIONS: '' },
          timeout: LIMIT,
        },
      )
    const { stdout } = await run()
    t.match(stdout, /"ip":"1\.2\.3\.4".*\n.*"ip":"2001:db8:a::5"/)
    await refused(t, place, [ATTACKER, ATTACKER6])
    await run('--flush')
    await refused(t, place, [])
  },

  async 'of two jails neither takes away the bans of the other'(t, place) {
    const top = shortTempDir(t)
    const call = (name: string, ...words: string[]) => {
      const args = [...words, ...place.options, '--name', name, '--state', join(top, name), '--verify', '1']
      const child = execa(process.execPath, [bundle('xff-ban'), ...args], {
        env: { NODE_OPTIONS: '' },
        reject: false,
        buffer: { stdout: false },
      })
      t.teardown(() => child.kill('SIGKILL'))
      return child
    }
    const start = (name: string, ip: string) => {
      const child = call(name)
      child.stdin.on('error', () => {})
      child.stdin.write(`{"type":"ban","ip":"${ip}"}\n`)
      const banned = new Promise(resolve => child.stdout.once('data', resolve)).then(() => true)
      return { child, banned: Promise.race([banned, child.then(() => false)]) }
    }
    const one = start('one', ATTACKER)
    t.ok(await one.banned)
    const other = start('other', SECOND_ATTACKER)
    const isBanning = await other.banned
    if (!isBanning) {
      const { exitCode, stderr } = await other.child
      t.match(
        { exitCode, stderr },
        { exitCode: 69, stderr: /^xff-ban: (--\S+) \S+: (process \d+|another process|--name one) / },
      )
      const option = /--\S+/.exec(stderr)?.[0] ?? ''
      t.ok(place.options.includes(option), option)
    }
    await refused(t, place, isBanning ? [ATTACKER, SECOND_ATTACKER] : [ATTACKER])
    one.child.stdin.end()
    const { stderr } = await one.child
    t.notMatch(stderr, 'restored', 'and neither takes the other for somebody who changes his bans')
    other.child.stdin.end()
    await other.child
    if (!isBanning) {
      await call('one', 'flush')
      const next = start('other', SECOND_ATTACKER)
      t.ok(await next.banned, 'the place is free when the other has ended')
      next.child.stdin.end()
      await next.child
    }
    for (const name of ['one', 'other']) await call(name, 'flush')
  },

  async 'flush leaves nothing behind'(t, place) {
    const before = await place.traces()
    const backend = place.start()
    await backend.open([ban(ATTACKER), ban(ATTACKER6)])
    await backend.apply([{ ban: ban(SECOND_ATTACKER) }, { unban: ATTACKER }])
    t.notSame(await place.traces(), before, 'there is something to remove')
    await backend.flush()
    await refused(t, place, [])
    t.same(await place.traces(), before)
    await backend.open([ban(ATTACKER)])
    await place.start().flush()
    t.same(await place.traces(), before, 'nor does the flush of another run')
  },
}

/** Shows who is refused, of those who ask. */
async function refused(
  t: Test,
  place: EnforcementPoint,
  expected: readonly string[],
  asking: readonly string[] = EVERYBODY,
): Promise<void> {
  t.same(
    await lookAt(place, expected, asking),
    [...expected].sort(),
    `refused: ${expected.length < 5 ? expected.join(', ') || 'nobody' : expected.length}`,
  )
}

/** Who is refused, in order; where that takes a moment to be so it is waited for. */
async function lookAt(
  place: EnforcementPoint,
  expected: readonly string[],
  asking: readonly string[] = EVERYBODY,
): Promise<string[]> {
  let found: string[] = []
  const look = async () => {
    found = (await place.refused(asking)).sort()
    return found.join() === [...expected].sort().join()
  }
  // what is wrong is for the test to say
  if (place.late) await waitFor('those who are to be refused', look).catch(() => {})
  else await look()
  return found
}

/** What fails while the place is gone fails as a backend does, which can be tried again. */
async function backendErrorAtMost(t: Test, work: () => Promise<unknown>): Promise<void> {
  const error = await work().catch(error => error)
  if (error instanceof Error) t.ok(error instanceof BackendError, error.message, { error })
}
