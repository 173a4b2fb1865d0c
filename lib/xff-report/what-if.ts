import { createWindow } from '../xff-window/window.js'

/** Limits to try; `max` failures, the rest in milliseconds. */
export interface Trials {
  maxes: readonly number[]
  finds: readonly number[]
  late: number
  /** how long a ban would last */
  time: number
}

/** What one pair of limits would have done. */
export interface Outcome {
  max: number
  find: number
  /** addresses that would have been banned at least once */
  addresses: number
  /** whether there may have been more, as not all that failed could be remembered */
  more: boolean
  /** failures that came while their address would have been banned */
  stopped: number
}

export interface WhatIf {
  failure: (ip: string, time: number) => void
  /** a row for each `max`, in it a cell for each `find` */
  outcomes: () => Outcome[][]
}

/** How many addresses are kept for a pair of limits: those that fail, and those that would have been banned. */
const KEYS = 20_000

/** Runs the failures through the window of xff-window once for each pair of limits: what it would have banned. */
export function createWhatIf({ maxes, finds, late, time }: Trials): WhatIf {
  const rows = maxes.map(max => finds.map(find => createTrial({ max, find, late, time })))
  return {
    failure: (ip, at) => {
      for (const row of rows) for (const { failure } of row) failure(ip, at)
    },
    outcomes: () => rows.map(row => row.map(({ outcome }) => outcome())),
  }
}

function createTrial({ max, find, late, time }: { max: number; find: number; late: number; time: number }) {
  const window = createWindow({ max, find, late, keys: KEYS })
  const banned = new Map<string, { from: number; until: number }>()
  let stopped = 0
  let more = false

  return {
    failure(ip: string, at: number) {
      const ban = banned.get(ip)
      const behind = ban !== undefined && at >= ban.from && at < ban.until
      if (behind) stopped += 1
      // the window sees it all the same: it is to say what it would have said of this very log
      if (typeof window.observe(ip, at) === 'string' || behind) return
      if (ban || banned.size < KEYS) banned.set(ip, { from: at, until: at + time })
      else more = true
    },
    outcome: (): Outcome => ({
      max,
      find,
      addresses: banned.size,
      more: more || window.evicted() > 0,
      stopped,
    }),
  }
}
