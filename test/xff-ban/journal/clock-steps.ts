/** A clock that is set, while xff-ban runs and while it does not, neither frees nor lengthens. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import { execa } from 'execa'
import t from 'tap'
import type { BanRecord } from '../../../lib/wire/record.js'
import { nullBackend } from '../../../lib/xff-ban/backend/null.js'
import { bootStoreIn, createClockSteps } from '../../../lib/xff-ban/journal/clock-steps.js'
import { type OpenOptions, openXffBan } from '../../../lib/xff-ban/open.js'
import { pathsOf } from '../../../lib/xff-ban/paths.js'
import { HOUR_MS as HOUR, START } from '../../support/bans.js'
import { bundle } from '../../support/commands.js'
import { noMounts } from '../../support/full-disk.js'
import { tempDir } from '../../support/temp-dir.js'

/** Two clocks in one hand. */
function createClocks() {
  let [set, passed, other] = [0, 1000, 0]
  return {
    wall: () => START + set + passed,
    sinceBoot: () => passed - other,
    monotonic: () => passed,
    /** the clock since boot is another one from now on, so much younger */
    replace: (by: number) => {
      other += by
    },
    pass: (by: number) => {
      passed += by
    },
    set: (by: number) => {
      set += by
    },
  }
}

t.test('a clock that was set is a step, the passing of time is none', async t => {
  const path = join(tempDir(t), 'clock')
  const clocks = createClocks()
  const stepped = createClockSteps(clocks, bootStoreIn(path))
  t.equal(stepped(), 0, 'nothing is known before')
  clocks.pass(5 * HOUR)
  t.equal(stepped(), 0, 'time passes')
  clocks.set(2 * HOUR)
  t.equal(stepped(), 2 * HOUR)
  t.equal(stepped(), 0, 'it is told once')
  for (let i = 0; i < 4; i++) {
    clocks.set(-400)
    t.equal(stepped(), i === 2 ? -1200 : 0, 'many small steps come to one')
  }
  clocks.set(-3 * HOUR)
  t.equal(createClockSteps(clocks, bootStoreIn(path))(), -3 * HOUR - 400, 'the next process finds it')
  writeFileSync(path, readFileSync(path, 'latin1').replace(/^\S+/, 'another-boot'))
  t.equal(createClockSteps(clocks, bootStoreIn(path))(), 0, 'but not after a boot')
})

t.test('the clock of a container that is started anew is no step', async t => {
  const path = join(tempDir(t), 'clock')
  const clocks = createClocks()
  clocks.pass(240 * HOUR)
  createClockSteps(
    clocks,
    bootStoreIn(path, () => 'a-container'),
  )()
  clocks.replace(239 * HOUR)
  clocks.pass(300 * HOUR)
  t.equal(
    createClockSteps(
      clocks,
      bootStoreIn(path, () => 'another-one'),
    )(),
    0,
    'as its clock is another one',
  )
  const same = createClocks()
  same.pass(240 * HOUR)
  createClockSteps(
    same,
    bootStoreIn(path, () => 'a-container'),
  )()
  same.replace(240 * HOUR)
  t.equal(
    createClockSteps(
      same,
      bootStoreIn(path, () => 'a-container'),
    )(),
    0,
    'nor as its clock went back',
  )
})

t.test('a clock since boot that is replaced while xff-ban runs is no step', async t => {
  const clocks = createClocks()
  const stepped = createClockSteps(clocks, { read: () => undefined, write: () => {} })
  stepped()
  clocks.pass(HOUR)
  clocks.replace(-240 * HOUR)
  t.equal(stepped(), 0, 'lxcfs has died: it is the clock of the host now')
  clocks.pass(HOUR)
  clocks.set(2 * HOUR)
  t.equal(stepped(), 2 * HOUR)
})

const REPLACED = `
mount --bind "$1" /proc/uptime
shift
exec "$@"
`

t.test('bans keep their length when an LXC container is started anew', { skip: noMounts }, async t => {
  const dir = tempDir(t)
  const uptime = join(dir, 'uptime')
  const inContainer = (age: number, input: string, ...args: string[]) => {
    writeFileSync(uptime, `${age}.00 1.0\n`)
    const command = [bundle('xff-ban'), ...args, '--state', join(dir, 'jail.jsonl')]
    // as lxcfs does it: the container's age in the place of the host's, under the host's boot id
    const container = ['--mount', '--pid', '--fork', '--mount-proc', '--kill-child']
    return execa(
      'unshare',
      [...container, 'bash', '-c', REPLACED, '-', uptime, process.execPath, ...command],
      {
        input,
      },
    )
  }
  const bans = ['--dir', join(dir, 'bans')]
  await inContainer(100, '', ...bans)
  await inContainer(864_000, '{"type":"ban","ip":"203.0.113.7"}\n', ...bans, '--time', '1h')
  const { stderr } = await inContainer(20, '', ...bans)
  t.notMatch(stderr, /the clock was set/)
  const { stdout } = await inContainer(30, '', 'list')
  const { time, until } = JSON.parse(stdout)
  t.equal(Date.parse(until) - Date.parse(time), HOUR)
})

t.test('bans keep their length when the clock is set, while xff-ban runs and while it does not', async t => {
  const clocks = createClocks()
  const paths = pathsOf(join(tempDir(t), 'jail.jsonl'))
  const said: string[] = []
  let enforced: number[] = []
  let processes = 0
  const open = async () => {
    const own = await openXffBan({
      // all of them are this process, which holds its locks to its end
      paths: { ...paths, lock: `${paths.lock}${++processes}` },
      ...{ clocks, pid: process.pid, now: clocks.wall },
      ...{
        flush: false,
        verifyMs: 5,
        storm: 1000,
        onBadLine: () => {},
        warn: (words: string) => said.push(words),
      },
      jailOptions: { banMs: () => HOUR, maxBans: 10, rememberMs: 30 * 24 * HOUR, exempt: () => undefined },
      backend: {
        ...nullBackend(),
        async open(bans) {
          enforced = bans.map(({ until }) => until - clocks.wall())
        },
      },
    } satisfies OpenOptions)
    await own.open()
    return own
  }

  const first = await open()
  first.stage.resume()
  await first.ask([{ type: 'ban', ip: '203.0.113.7' }])
  const left = async () =>
    (await first.list()).map(record => Date.parse((record as BanRecord).until as string) - clocks.wall())
  for (const by of [2 * HOUR, -5 * HOUR]) {
    clocks.set(by)
    await first.ask([{ type: 'unban', ip: '203.0.113.99' }])
    t.same(await left(), [HOUR], `set by ${by / HOUR} hours while it runs`)
    t.same(enforced, [HOUR], 'the backend hears of it')
  }
  t.match(said, [/the clock was set by 7200 s: the ends of 1 ban move along/, /by -18000 s/])
  first.stage.end()
  await finished(first.stage)
  for (const by of [2 * HOUR, -5 * HOUR]) {
    clocks.set(by)
    const next = await open()
    t.same(enforced, [HOUR], `set by ${by / HOUR} hours while nobody runs`)
    next.stage.resume().end()
    await finished(next.stage)
  }
  clocks.pass(HOUR)
  const last = await open()
  t.same(enforced, [], 'an hour later it is over')
  last.stage.resume().end()
  await finished(last.stage)
})
