import { createPause, type Pause } from '../../retry.js'
import { counted } from '../../text/counted.js'
import { encodeLine } from '../../wire/jsonl.js'
import type { Ban } from '../jail/ban.js'
import { applyTo, type Backend, type Change } from './backend.js'
import { runProgram } from './run-program.js'

export interface Options {
  /** the program and its arguments */
  command: readonly string[]
  /** the least time between two runs */
  everyMs: number
  /** how many bans it is given at most */
  limit: number
  /** how long it may run */
  timeoutMs?: number
  /** milliseconds, for durations */
  monotonic?: () => number
  pause?: Pause
  warn: (message: string) => void
}

/** An API may carry out a whole set in the background, and the program waits for it. */
const TIMEOUT_MS = 300_000
/** The longest pause after failures; each is twice as long as the one before. */
const LONGEST_PAUSE_MS = 600_000
/** The pause when the command is to end. */
const LAST_PAUSE_MS = 1000

/**
 * A program that gets the whole set of bans as JSON Lines on its stdin, for enforcement points that know sets only: lists of a
 * CDN, files of a proxy. It runs when the set has changed, never twice at once, and at most so often; what changes meanwhile
 * goes into the next run. Exit code 0 says that the set is in force. It knows no end of a ban: one ends by a run without it.
 */
export function pushBackend(options: Options): Backend {
  const { command, everyMs, limit, timeoutMs = TIMEOUT_MS, warn } = options
  const { monotonic = () => performance.now(), pause = createPause() } = options
  let inForce = new Map<string, Ban>()
  /** what the last run was given; undefined: that is not known, or it failed */
  let pushed: string | undefined
  let nextAt = Number.NEGATIVE_INFINITY
  let failures = 0
  let isHurried = false
  let isOverLimit = false

  const waitForTurn = async () => {
    for (let left = nextAt - monotonic(); left > 0; left = nextAt - monotonic()) {
      await pause.wait(isHurried ? Math.min(left, LAST_PAUSE_MS) : left)
      if (isHurried) return
    }
  }

  /** The bans that it is given: where there are too many, those that end last. */
  const chosen = (): Ban[] => {
    const bans = [...inForce.values()]
    const isOver = bans.length > limit
    if (isOver !== isOverLimit) {
      isOverLimit = isOver
      warn(
        isOver
          ? `${counted(bans.length, 'ban')} are more than --limit ${limit}: ${command[0]} gets those that end last, the others are not enforced`
          : `all ${counted(bans.length, 'ban')} are within --limit ${limit} again`,
      )
    }
    return isOver ? bans.sort((a, b) => b.until - a.until).slice(0, limit) : bans
  }

  const push = async () => {
    await waitForTurn()
    const text = chosen()
      .map(({ record }) => encodeLine(record))
      .join('')
    if (text === pushed) return
    pushed = undefined
    try {
      await runProgram(command, text, timeoutMs)
      pushed = text
      failures = 0
    } catch (error) {
      failures += 1
      throw error
    } finally {
      nextAt = monotonic() + Math.min(everyMs * 2 ** failures, Math.max(everyMs, LONGEST_PAUSE_MS))
    }
  }

  return {
    name: `program ${command[0]}`,
    hint: `where ${command[0]} puts the bans, nothing looks at them, or at another address than the log tells`,
    refuses: () => undefined,
    async open(bans) {
      inForce = new Map(bans.map(ban => [ban.ip, ban]))
      pushed = undefined
      await push()
    },
    async apply(changes: readonly Change[]) {
      applyTo(inForce, changes)
      await push()
    },
    // what others have changed there cannot be seen
    reconcile: async () => undefined,
    async flush() {
      inForce = new Map()
      await push()
    },
    hurry() {
      isHurried = true
      pause.end()
    },
  }
}
