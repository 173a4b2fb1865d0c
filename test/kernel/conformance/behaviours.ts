import { execa } from 'execa'
import type { Test } from 'tap'
import { BackendError, type Change } from '../../../lib/xff-ban/backend/backend.js'
import { bundle } from '../../support/commands.js'
import { LIMIT, waitFor } from '../../support/wait-for.js'
import { inTime } from '../lab/in-time.js'
import { ban } from './ban.js'
import {
  ATTACKER,
  ATTACKER6,
  BESIDE_PREFIXES,
  IN_PREFIXES,
  LATER,
  OTHERS,
  PREFIXES,
  THEIRS,
  THOUSAND,
} from './people.js'
import { folder, type Place } from './place.js'

const EVERYBODY = [ATTACKER, ATTACKER6, LATER, ...OTHERS]

/** What every backend does, whatever it enforces with. */
export const behaviours: Readonly<Record<string, (t: Test, place: Place) => Promise<void>>> = {
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
    await backend.apply([{ ban: ban(ATTACKER, 7200) }, { ban: ban(LATER) }])
    await refused(t, place, [ATTACKER, LATER])
    await backend.apply([{ unban: ATTACKER }])
    await refused(t, place, [LATER])
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
    await backend.apply([{ unban: LATER }, { unban: '2001:db8::ffff' }])
    await backend.apply([])
    await refused(t, place, [ATTACKER])
    t.equal(await backend.reconcile(), undefined, 'all is well')
  },

  async 'a prefix refuses all in it, or is refused'(t, place) {
    const backend = place.start()
    await backend.open([])
    if (PREFIXES.every(prefix => backend.refuses(prefix) !== undefined)) {
      t.pass('it says so')
      return
    }
    await backend.apply(PREFIXES.map(prefix => ({ ban: ban(prefix) })))
    await refused(t, place, IN_PREFIXES, [...IN_PREFIXES, ...BESIDE_PREFIXES])
    t.equal(await backend.reconcile(), undefined, 'all is well')
    await backend.apply(PREFIXES.map(unban => ({ unban })))
    await refused(t, place, [], [...IN_PREFIXES, ...BESIDE_PREFIXES])
  },

  async '1,000 bans at once, and as many unbans'(t, place) {
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

  async 'a new run takes over, with another set'(t, place) {
    await place.start().open([ban(ATTACKER), ban(ATTACKER6)])
    const backend = place.start()
    await backend.open([ban(ATTACKER6, 7200), ban(LATER)])
    await refused(t, place, [ATTACKER6, LATER])
    t.equal(await backend.reconcile(), undefined, 'all is well')
    await backend.apply([{ unban: ATTACKER6 }])
    await refused(t, place, [LATER])
    await place.start().open([])
    await refused(t, place, [])
  },

  async 'what others take away is put back, and said'(t, place) {
    const backend = place.start()
    await backend.open([ban(ATTACKER), ban(ATTACKER6), ban(LATER)])
    await refused(t, place, [ATTACKER, ATTACKER6, LATER])
    for (const [what, damage] of Object.entries(place.damages)) {
      await damage()
      t.type(await backend.reconcile(), 'string', `${what}: is said`)
      await refused(t, place, [ATTACKER, ATTACKER6, LATER])
      t.equal(await backend.reconcile(), undefined, `${what}: is all well again`)
    }
    await backend.apply([{ unban: ATTACKER }, { unban: ATTACKER6 }])
    await refused(t, place, [LATER])
  },

  async 'what others have done beside us stays'(t, place) {
    const all = [...EVERYBODY, THEIRS]
    await place.theirs(THEIRS)
    await refused(t, place, [THEIRS], all)
    const backend = place.start()
    await backend.open([ban(ATTACKER)])
    await backend.apply([{ ban: ban(LATER) }, { unban: ATTACKER }])
    await refused(t, place, [LATER, THEIRS], all)
    for (const damage of Object.values(place.damages)) {
      await damage()
      await backend.reconcile()
    }
    await refused(t, place, [LATER, THEIRS], all)
    await place.start().open([ban(ATTACKER6)])
    await refused(t, place, [ATTACKER6, THEIRS], all)
    await place.start().flush()
    await refused(t, place, [THEIRS], all)
  },

  async 'gone and back: then everything is enforced again'(t, place) {
    const backend = place.start()
    await backend.open([ban(ATTACKER), ban(ATTACKER6)])
    const comeBack = await place.goAway()
    await backendErrorAtMost(t, () => backend.reconcile())
    await backendErrorAtMost(t, () => backend.apply([{ ban: ban(LATER) }, { unban: ATTACKER6 }]))
    await comeBack()
    await backend.open([ban(ATTACKER), ban(LATER)])
    await refused(t, place, [ATTACKER, LATER])
    t.equal(await backend.reconcile(), undefined, 'all is well')
    await backend.apply([{ unban: LATER }])
    await refused(t, place, [ATTACKER])
  },

  async 'what remembers its bans comes back with them'(t, place) {
    if (!place.remembers) return void t.pass('it does not')
    const backend = place.start()
    await backend.open([ban(ATTACKER), ban(ATTACKER6)])
    await backend.apply([{ unban: ATTACKER6 }, { ban: ban(LATER) }])
    const comeBack = await place.goAway()
    await comeBack()
    await refused(t, place, [ATTACKER, LATER])
    t.equal(await backend.reconcile(), undefined, 'all is well')
  },

  async 'a ban ends there without us'(t, place) {
    if (!place.ends) return void t.pass('it does not')
    const { found } = await inTime(async seconds => {
      const ending = ban(ATTACKER, seconds)
      await place.start().open([ending, ban(LATER)])
      return { until: ending.until, found: await lookAt(place, [ATTACKER, LATER]) }
    })
    t.same(found, [ATTACKER, LATER].sort())
    await waitFor('the end of the ban', async () => (await place.refused([ATTACKER])).length === 0)
    await refused(t, place, [LATER])
  },

  async 'the command has it by its options'(t, place) {
    const run = (...more: string[]) =>
      execa(
        process.execPath,
        [bundle('xff-ban'), ...place.options, '--state', `${folder(t)}/journal`, ...more],
        {
          input: [ATTACKER, ATTACKER6].map(ip => `{"type":"ban","ip":"${ip}"}\n`).join(''),
          env: { NODE_OPTIONS: '' },
          timeout: LIMIT,
        },
      )
    const { stdout } = await run()
    t.match(stdout, /"ip":"203.0.113.7".*\n.*"ip":"2001:db8::7"/)
    await refused(t, place, [ATTACKER, ATTACKER6])
    await run('--flush')
    await refused(t, place, [])
  },

  async 'flush leaves nothing behind'(t, place) {
    const before = await place.traces()
    const backend = place.start()
    await backend.open([ban(ATTACKER), ban(ATTACKER6)])
    await backend.apply([{ ban: ban(LATER) }, { unban: ATTACKER }])
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
  place: Place,
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
  place: Place,
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
