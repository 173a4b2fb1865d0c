/**
 * The pipeline under attack for half an hour, while everything around it goes wrong: in the end its bans are those of an
 * undisturbed run over the same lines, and it needs no more descriptors and no more memory than in the beginning.
 *
 *     make soak             MINUTES=2 for a quick look, SEED for the same traffic and the same mishaps
 *
 * Two pipelines follow the same log. The stages of the first are killed again and again; those of the other never, so that
 * what grows has the time to. Where Debian's libfaketime is installed a third one has an xff-ban on a host whose wall clock
 * is set to and fro, while that of the log is not: the machine's own clock stays as it is.
 *
 * Only what is promised is compared. Attackers come back when the window has forgotten them: where to read again cuts the
 * failures of a client in two, and one who never stops is counted from another failure on. Nothing is killed just after
 * a rotation, since tail reads the new file only.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { printTable } from '../bench/table.js'
import { noMounts, smallDisk } from '../support/full-disk.js'
import { shortTempDir } from '../support/temp-dir.js'
import { waitFor } from '../support/wait-for.js'
import { type Done, disturb, REREAD, type Subject } from './disturb.js'
import { createFakeClock, fakeTime } from './fake-clock.js'
import { type LiveLog, startLog } from './live-log.js'
import { startService } from './service.js'
import { createTraffic, RATE } from './traffic.js'
import { BOUND, type Growth, watchUsage } from './usage.js'
import { isRight, judge, undisturbedBans, type Verdict } from './verdict.js'

const MINUTES = Number(process.env.MINUTES ?? 30)
if (!(MINUTES > 0))
  throw new Error(`MINUTES is a positive number, got ${JSON.stringify(process.env.MINUTES)}`)
const SEED = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31))
/** How many of a kind of difference are shown. */
const SHOWN = 5

if (noMounts) throw new Error(noMounts)
console.log(`seed ${SEED}, ${MINUTES} minutes`)
const endings: (() => unknown)[] = []
const t = { teardown: (ending: () => unknown) => endings.unshift(ending) }
const isFine = await soak().finally(async () => {
  for (const ending of endings) await ending()
})
process.exitCode = isFine ? 0 : 1

async function soak(): Promise<boolean> {
  const dir = shortTempDir(t)
  const log = startLog(join(dir, 'app.log'), join(dir, 'whole.log'), createTraffic(SEED))
  const subjects: Subject[] = []
  for (const name of ['killed', 'kept', ...(fakeTime ? ['stepped'] : [])]) {
    const disk = await smallDisk(t, 1024 * (4 + Math.ceil(MINUTES / 3)))
    const options = { name, log: log.path, dir: join(dir, name), disk: disk.path, replay: RATE * REREAD }
    const clock = name === 'stepped' && fakeTime ? createFakeClock(fakeTime, join(dir, 'clock')) : undefined
    subjects.push({
      service: startService({ ...options, env: clock?.env ?? {} }),
      disk,
      clock,
      isKilled: name === 'killed',
    })
  }
  const services = subjects.map(({ service }) => service)
  const usage = watchUsage(services)
  const done = await disturb(subjects, log, SEED, performance.now() + MINUTES * 60_000)
  const growths = usage.stop()

  const last = log.end()
  for (const { name, journal } of services) {
    await waitFor(`the last ban of ${name}`, () => readFileSync(journal, 'utf8').includes(`"${last}"`))
  }
  for (const { stop } of services) await stop()
  const wanted = await undisturbedBans(log.whole, dir)
  const verdicts = subjects.map(({ service, clock }) => judge(service, wanted, clock !== undefined))
  const surprises = services.flatMap(service => service.surprises)

  printDone(done, log, subjects)
  printVerdicts(verdicts, wanted.length)
  printGrowths(growths)
  for (const surprise of surprises) console.log(`nobody asked for this: ${surprise}`)
  return surprises.length === 0 && verdicts.every(isRight) && growths.every(({ isWithin }) => isWithin)
}

function printDone(done: readonly Done[], log: LiveLog, subjects: readonly Subject[]): void {
  const said = (text: string) =>
    subjects.map(({ service }) => `${service.name} ${service.said(text)}`).join(', ')
  console.log(`\nxff-ban said "cannot write the journal": ${said('cannot write the journal')}`)
  console.log(`xff-ban said "the clock was set": ${said('the clock was set')}`)
  printTable(
    `${log.lines()} lines, of which users wrote ${log.inGaps()} while a rotation might lose them`,
    ['disturbance', 'times', 'longest, s'],
    done.map(({ what, times, slowest }) => [what, String(times), slowest.toFixed(1)]),
  )
  if (!fakeTime) console.log('left out: steps of the wall clock, without libfaketime')
  console.log(`left out: kills within ${REREAD} s of a rotation, since tail reads the new file only`)
}

function printVerdicts(verdicts: readonly Verdict[], wanted: number): void {
  printTable(
    `against ${wanted} bans of an undisturbed run`,
    ['pipeline', 'bans', 'lost', 'added', 'doubled', 'told', 'told twice', 'told only', 'outcome'],
    verdicts.map(verdict => {
      const { name, bans, lost, added, doubled, told, toldTwice, toldOnly } = verdict
      const counts = [
        bans,
        lost.length,
        added.length,
        doubled.length,
        told,
        toldTwice.length,
        toldOnly.length,
      ]
      return [name, ...counts.map(String), isRight(verdict) ? 'equal' : 'DIFFERENT']
    }),
  )
  for (const { name, lost, added, doubled, toldTwice, toldOnly } of verdicts) {
    for (const [kind, bans] of Object.entries({ lost, added, doubled, toldTwice, toldOnly })) {
      for (const ban of bans.slice(0, SHOWN)) console.log(`${name}: ${kind}: ${ban}`)
    }
  }
}

function printGrowths(growths: readonly Growth[]): void {
  const pair = ([first, second]: [number, number], digits: number) =>
    `${first.toFixed(digits)}, ${second.toFixed(digits)}`
  printTable(
    `medians of the first and of the second half; growth is more than ${BOUND}`,
    ['stage', 'samples', 'descriptors', 'MiB', 'outcome'],
    growths.map(({ who, samples, descriptors, mebibytes, isWithin }) => [
      who,
      String(samples),
      pair(descriptors, 0),
      pair(mebibytes, 1),
      isWithin ? 'no growth' : 'GROWTH',
    ]),
  )
}
