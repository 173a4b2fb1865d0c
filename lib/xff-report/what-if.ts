import { createWindow } from '../xff-window/window.js'

/** Limits to compare; `find`, `late` and `time` in milliseconds. */
export interface WhatIfOptions {
  maxes: readonly number[]
  finds: readonly number[]
  late: number
  /** how long a ban would last */
  time: number
}

/** The effect of one pair of limits. */
export interface Outcome {
  max: number
  find: number
  /** addresses that would have been banned at least once */
  addresses: number
  /** whether there may have been more: not all addresses with failures could be tracked */
  more: boolean
  /** failures that came while their address would have been banned */
  stopped: number
}

export interface WhatIf {
  failure: (ip: string, time: number) => void
  /** a row for each `max`, in it a cell for each `find` */
  outcomes: () => Outcome[][]
}

/** Tracked addresses for each pair of limits: those with failures, and those that would have been banned. */
const MAX_ADDRESSES = 20_000

/** Runs the failures through the window of xff-window once for each pair of limits: what it would have banned. */
export function createWhatIf({ maxes, finds, late, time }: WhatIfOptions): WhatIf {
  const rows = maxes.map(max => finds.map(find => createTrial({ max, find, late, time })))
  return {
    failure: (ip, at) => {
      for (const row of rows) for (const { failure } of row) failure(ip, at)
    },
    outcomes: () => rows.map(row => row.map(({ outcome }) => outcome())),
  }
}

function createTrial({ max, find, late, time }: { max: number; find: number; late: number; time: number }) {
  const window = createWindow({ max, find, late, keys: MAX_ADDRESSES })
  const banned = new Map<string, { from: number; until: number }>()
  let stopped = 0
  let more = false

  return {
    failure(ip: string, at: number) {
      const ban = banned.get(ip)
      const whileBanned = ban !== undefined && at >= ban.from && at < ban.until
      if (whileBanned) stopped += 1
      // the window counts it all the same, since the log contains failures that a ban would have prevented
      if (typeof window.observe(ip, at) === 'string' || whileBanned) return
      if (ban || banned.size < MAX_ADDRESSES) banned.set(ip, { from: at, until: at + time })
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
