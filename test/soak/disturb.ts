import { setTimeout as pause } from 'node:timers/promises'
import type { smallDisk } from '../support/full-disk.js'
import { random } from '../support/known-truth.js'
import { waitFor } from '../support/wait-for.js'
import type { FakeClock } from './fake-clock.js'
import type { LiveLog } from './live-log.js'
import { type Service, STAGES } from './service.js'
import { WINDOW } from './traffic.js'

/** From the least to the most, in seconds. */
interface Span {
  least: number
  most: number
}

/** How long a disk stays full, and a reader does not read. */
const FULL: Span = { least: 4, most: 10 }
const HANG: Span = { least: 5, most: 60 }
/** How far from the true time a clock is set, in seconds: no ban ends before its record comes, or when the next one has. */
const STEP = 10
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
  /** the wall clock of its xff-ban, which is set: nothing else is done to it */
  clock?: FakeClock | undefined
}

/** Disturbs until an instant (of `performance.now()`), each kind at moments of its own. */
export async function disturb(
  subjects: readonly Subject[],
  log: LiveLog,
  seed: number,
  until: number,
): Promise<Done[]> {
  const { note, done } = createNotes()
  let kinds = 0
  /** Waits some seconds and does something, again and again, with random numbers of its own: others need not keep time. */
  const repeat = async (wait: Span, act: (chance: () => number) => Promise<void>) => {
    kinds += 1
    const chance = random(seed + kinds)
    for (;;) {
      const delay = within(wait, chance)
      if (performance.now() + delay > until) return
      await pause(delay)
      await act(chance)
    }
  }

  // kills and rotations come one after another
  const inTurn = createTurns()
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

  const kill = ({ service }: Subject, chance: () => number) => {
    const stage = STAGES[Math.floor(chance() * STAGES.length)] ?? 'tail'
    const signal = chance() < 0.6 ? 'SIGKILL' : 'SIGTERM'
    return inTurn(async () => {
      if (performance.now() < rotatedAt + REREAD * 1000) return
      const since = performance.now()
      await service.kill(stage, signal)
      await waitFor('all stages', service.isWhole)
      note(`${service.name}: ${signal} of ${stage}`, since)
    })
  }

  await Promise.all([
    repeat({ least: 70, most: 120 }, rotate),
    ...subjects.flatMap(subject => {
      const { clock, isKilled } = subject
      if (clock) return [repeat({ least: 5, most: 25 }, chance => setClock(subject, clock, chance, note))]
      return [
        repeat({ least: 15, most: 40 }, chance => fill(subject, chance, note)),
        repeat({ least: 15, most: 60 }, chance => hang(subject, chance, note)),
        ...(isKilled ? [repeat({ least: 2, most: 8 }, chance => kill(subject, chance))] : []),
      ]
    }),
  ])
  return done()
}

/** @param since when it began, by `performance.now()` */
type Note = (what: string, since: number) => void

async function fill({ service, disk }: Subject, chance: () => number, note: Note): Promise<void> {
  const since = performance.now()
  disk.fill()
  await pause(within(FULL, chance))
  disk.free()
  note(`${service.name}: full disk of the journal`, since)
}

async function hang({ service }: Subject, chance: () => number, note: Note): Promise<void> {
  const since = performance.now()
  service.signalReader('SIGSTOP')
  await pause(within(HANG, chance))
  service.signalReader('SIGCONT')
  note(`${service.name}: reader of xff-ban hangs`, since)
}

async function setClock({ service }: Subject, clock: FakeClock, chance: () => number, note: Note) {
  const since = performance.now()
  clock.set(Math.round(STEP * (2 * chance() - 1)))
  note(`${service.name}: clock of xff-ban set`, since)
}

/** Takes down what was done. */
function createNotes(): { note: Note; done: () => Done[] } {
  const notes = new Map<string, Done>()
  return {
    note(what, since) {
      const { times, slowest } = notes.get(what) ?? { times: 0, slowest: 0 }
      const seconds = (performance.now() - since) / 1000
      notes.set(what, { what, times: times + 1, slowest: Math.max(slowest, seconds) })
    },
    done: () => [...notes.values()].sort((a, b) => (a.what < b.what ? -1 : 1)),
  }
}

/** Does one thing after another. */
function createTurns() {
  let last: Promise<unknown> = Promise.resolve()
  return (act: () => Promise<void>) => {
    const mine = last.then(act)
    last = mine
    return mine
  }
}

/** A random time, in milliseconds. */
function within({ least, most }: Span, chance: () => number): number {
  return 1000 * (least + chance() * (most - least))
}
