/** How long is lately. */
const LATELY_MS = 600_000
/** The times in so many milliseconds are counted together, so that any number of records takes little memory. */
const STRETCH_MS = 10_000

/** What records tell of the last 10 minutes by their own time; all times are milliseconds since 1970. */
export interface Lately {
  /** A tally counted so many clients. */
  tallied: (time: number, clients: number) => void
  /** An address was banned for the first time. */
  banned: (time: number) => void
  /**
   * @returns what is known when the newest record is of this time, or of one seen before; `clients`: the most of any
   * tally, undefined without one
   */
  at: (time: number) => { bans: number; clients: number | undefined }
}

export function createLately(): Lately {
  const stretches = new Map<number, { bans: number; clients: number | undefined }>()
  let newest = Number.NEGATIVE_INFINITY

  const isOver = (stretch: number) => (stretch + 1) * STRETCH_MS <= newest - LATELY_MS

  const reach = (time: number) => {
    if (time <= newest) return
    newest = time
    for (const stretch of stretches.keys()) if (isOver(stretch)) stretches.delete(stretch)
  }

  const stretchOf = (time: number) => {
    reach(time)
    const number = Math.floor(time / STRETCH_MS)
    const stretch = stretches.get(number) ?? { bans: 0, clients: undefined }
    if (!isOver(number)) stretches.set(number, stretch)
    return stretch
  }

  return {
    tallied(time, clients) {
      const stretch = stretchOf(time)
      stretch.clients = Math.max(stretch.clients ?? 0, clients)
    },
    banned(time) {
      stretchOf(time).bans += 1
    },
    at(time) {
      reach(time)
      let bans = 0
      let clients: number | undefined
      for (const stretch of stretches.values()) {
        bans += stretch.bans
        if (stretch.clients !== undefined) clients = Math.max(clients ?? 0, stretch.clients)
      }
      return { bans, clients }
    },
  }
}
