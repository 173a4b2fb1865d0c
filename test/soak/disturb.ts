import { setTimeout as pause } from 'node:timers/promises'
import type { smallDisk } from '../support/full-disk.js'
import { random } from '../support/known-truth.js'
import { waitFor } from '../support/wait-for.js'
import type { LiveLog } from './live-log.js'
import { type Service, STAGES } from './service.js'
import { WINDOW } from './traffic.js'

/** How long a disk stays full and a reader does not read, in seconds. */
const FULL = { least: 4, most: 10 }
const HANG = { least: 5, most: 60 }
/**
 * How much of the log a restart needs, in seconds: what can still count, and the bans that a full disk kept out of the
 * journal. Since tail reads the new file only, nothing is killed for so long after a rotation.
 */
export const REREAD = WINDOW.find + 2 * WINDOW.late + FULL.most + 5

/** What was done to a pipeline, how often, and how many seconds it took at most until all was as before. */
export interface Done {
  what: string
  times: number
  slowest: number
}

export interface Subject {
  service: Service
  disk: Awaited<ReturnType<typeof smallDisk>>
  /** whether its stages are killed */
  isKilled: boolean
}

/** Disturbs until an instant (of `performance.now()`), each kind at moments of its own. */
export async function disturb(
  subjects: readonly Subject[],
  log: LiveLog,
  seed: number,
  until: number,
): Promise<Done[]> {
  const chance = random(seed)
  const between = (least: number, most: number) => 1000 * (least + chance() * (most - least))
  const done = new Map<string, Done>()
  const note = (what: string, since: number) => {
    const { times, slowest } = done.get(what) ?? { times: 0, slowest: 0 }
    const seconds = (performance.now() - since) / 1000
    done.set(what, { what, times: times + 1, slowest: Math.max(slowest, seconds) })
  }
  /** Waits and does something, again and again. */
  const repeat = async (least: number, most: number, act: () => Promise<void>) => {
    for (;;) {
      const wait = between(least, most)
      if (performance.now() + wait > until) return
      await pause(wait)
      await act()
    }
  }

  let turn: Promise<unknown> = Promise.resolve()
  /** Kills and rotations come one after another. */
  const inTurn = (act: () => Promise<void>) => {
    const mine = turn.then(act)
    turn = mine
    return mine
  }
  let rotatedAt = Number.NEGATIVE_INFINITY
  let rotations = 0

  const rotate = () =>
    inTurn(async () => {
      const way = rotations % 2 === 0 ? 'rename' : 'copyTruncate'
      rotations += 1
      const [since, size] = [performance.now(), log.size()]
      await log[way](() => waitFor('tail', () => subjects.every(({ service }) => service.position() >= size)))
      const all = () => subjects.every(({ service }) => service.position() === log.size())
      await waitFor('tail to read the new file', all)
      note(`logrotate, ${way === 'rename' ? 'create and reopen' : 'copytruncate'}`, since)
      rotatedAt = performance.now()
    })

  const kill = ({ service }: Subject) =>
    inTurn(async () => {
      if (performance.now() < rotatedAt + REREAD * 1000) return
      const stage = STAGES[Math.floor(chance() * STAGES.length)] ?? 'tail'
      const signal = chance() < 0.6 ? 'SIGKILL' : 'SIGTERM'
      const since = performance.now()
      await service.kill(stage, signal)
      await waitFor('all stages', service.isWhole)
      note(`${service.name}: ${signal} of ${stage}`, since)
    })

  const fill = async ({ service, disk }: Subject) => {
    const since = performance.now()
    disk.fill()
    await pause(between(FULL.least, FULL.most))
    disk.free()
    note(`${service.name}: full disk of the journal`, since)
  }

  const hang = async ({ service }: Subject) => {
    const since = performance.now()
    service.signalReader('SIGSTOP')
    await pause(between(HANG.least, HANG.most))
    service.signalReader('SIGCONT')
    note(`${service.name}: reader of xff-ban hangs`, since)
  }

  await Promise.all([
    repeat(70, 120, rotate),
    ...subjects.flatMap(subject => [
      repeat(15, 40, () => fill(subject)),
      repeat(15, 60, () => hang(subject)),
      ...(subject.isKilled ? [repeat(2, 8, () => kill(subject))] : []),
    ]),
  ])
  return [...done.values()].sort((a, b) => (a.what < b.what ? -1 : 1))
}
