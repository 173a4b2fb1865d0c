/** How long is looked back for a storm, and how often at the most the addresses that go on failing are told: ms. */
const MINUTE = 60_000
/** Failures this soon after a ban may have been on their way when it fell, in milliseconds. */
const ON_THE_WAY = 5_000
/** How many addresses are named at once. */
const NAMED = 5
/** How many addresses are told apart. */
const COUNTED = 10_000

/** What operators should know although no record tells it. */
export interface Announcer {
  /** A ban was decided at `now`. */
  banned: (now: number) => void
  /** Failures came at `at` from a banned address; its ban was decided at `since`. */
  again: (ip: string, at: number, since: number, now: number) => void
}

export interface Options {
  /** how many new bans within a minute are a storm */
  storm: number
  /** why banned addresses may go on failing; undefined where they are expected to */
  hint: string | undefined
  warn: (message: string) => void
}

/** All times are in milliseconds since 1970. */
export function createAnnouncer({ storm, hint, warn }: Options): Announcer {
  // the times of the latest bans, round and round
  const times = new Float64Array(storm).fill(Number.NEGATIVE_INFINITY)
  let next = 0
  let stormy = Number.NEGATIVE_INFINITY

  let counts = new Map<string, number>()
  let told = Number.NEGATIVE_INFINITY

  return {
    banned(now) {
      times[next] = now
      next = (next + 1) % storm
      // where the next one goes lies the oldest
      if (now - (times[next] as number) >= MINUTE) return
      if (now - stormy >= MINUTE) {
        warn(
          `a storm: ${storm} new bans within a minute. An attack from many addresses, or an application that ` +
            'answers everybody with errors (xff-ban flush lifts all bans)',
        )
      }
      stormy = now
    },

    again(ip, at, since, now) {
      if (hint === undefined || at - since < ON_THE_WAY) return
      if (counts.has(ip) || counts.size < COUNTED) counts.set(ip, (counts.get(ip) ?? 0) + 1)
      if (now - told < MINUTE) return
      const most = [...counts].sort(([, a], [, b]) => b - a)
      const names = most
        .slice(0, NAMED)
        .map(([name, count]) => (count > 1 ? `${name} (${count} times)` : name))
      const others = counts.size > NAMED ? ` and ${counts.size - NAMED} others` : ''
      warn(`banned, yet still failing: ${names.join(', ')}${others}. Likely cause: ${hint}`)
      counts = new Map()
      told = now
    },
  }
}
