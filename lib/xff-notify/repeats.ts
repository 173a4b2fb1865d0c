import type { ProblemRecord } from '../wire/record.js'

/** A problem is told, and then not again for so long; each time that it is, for twice as long, up to a day. */
const FIRST_MS = 900_000
const LONGEST_MS = 86_400_000
/** How many kinds are told apart; those beyond are one. */
const MAX_KINDS = 50

/** One kind of problem. */
interface Kind<T> {
  /** what was told last is that it lasts */
  isTold: boolean
  /** what came last while it was quiet */
  waiting: T | undefined
  pauseMs: number
  timer: NodeJS.Timeout | undefined
}

export interface Repeats<T> {
  put: (problem: ProblemRecord, item: T) => void
  /** Tells what has waited and lasts. */
  close: () => void
}

/**
 * Holds repeated problems down: each kind is told at once, then with growing pauses while it is said again, and when it
 * is over. One that comes and goes is not told again within the pause, unless it lasts until then.
 */
export function createRepeats<T>(tell: (item: T) => void): Repeats<T> {
  const kinds = new Map<string, Kind<T>>()

  const say = (name: string, kind: Kind<T>, item: T) => {
    kind.isTold = true
    kind.waiting = undefined
    tell(item)
    kind.timer = setTimeout(() => {
      kind.timer = undefined
      kind.pauseMs = Math.min(LONGEST_MS, 2 * kind.pauseMs)
      if (kind.waiting !== undefined) say(name, kind, kind.waiting)
      else if (!kind.isTold) kinds.delete(name)
    }, kind.pauseMs).unref()
  }

  return {
    put(problem, item) {
      const name = kinds.size < MAX_KINDS || kinds.has(problem.kind) ? problem.kind : ''
      const kind = kinds.get(name)
      if (problem.until !== undefined) {
        if (!kind) return tell(item)
        kind.waiting = undefined
        if (!kind.isTold) return
        kind.isTold = false
        tell(item)
        if (!kind.timer) kinds.delete(name)
      } else if (!kind) {
        const fresh: Kind<T> = { isTold: true, waiting: undefined, pauseMs: FIRST_MS, timer: undefined }
        kinds.set(name, fresh)
        say(name, fresh, item)
      } else if (kind.timer) kind.waiting = item
      else say(name, kind, item)
    },
    close() {
      for (const { waiting, isTold, timer } of kinds.values()) {
        clearTimeout(timer)
        if (waiting !== undefined && !isTold) tell(waiting)
      }
      kinds.clear()
    },
  }
}
