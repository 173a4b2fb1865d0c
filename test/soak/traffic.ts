import { random } from '../support/known-truth.js'

/** What the pipeline is told, in seconds but for `max`; the traffic is made so that all of it is put to use. */
export const WINDOW = { max: 10, find: 20, late: 5 }
export const BAN_SECONDS = 40
/** Lines a second, whatever the attackers do: the users make up the rest. */
export const RATE = 200
/** The probability, at each line, that another client begins to fail; most of them fail ten times. */
const ARRIVALS = 0.025
const USERS = 500
/** How long a request may take that is logged when it has ended, with the time of its beginning, in seconds. */
const SLOWEST = 3

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']

/** A client that is about to fail. */
interface Failing {
  ip: string
  /** when, in milliseconds since 1970 */
  at: number
  /** how often it will come back */
  visits: number
  /** how many failures, and how long they take, in milliseconds */
  left: number
  pause: number
}

export interface Traffic {
  /** The next line. @param withFailing whether it may be that of a client that fails on purpose; they wait meanwhile */
  line: (now: number, withFailing: boolean) => string
  /** The failures of one more client, enough for a ban: when it is banned, all lines before have been read. */
  last: (now: number) => { ip: string; lines: string[] }
}

/**
 * The log of an app under attack. An attacker fails as often as it takes for a ban and up to three times more, as requests
 * do that were under way; some come back when their ban is over and the window has forgotten them. Others stop just
 * before, and users fail now and then.
 *
 * Only users have errors (5xx): these wait until their stretch of the log is over, and when that is seen depends on where
 * the log is cut. An attacker who has both is banned in any case, but for another of his failures.
 */
export function createTraffic(seed: number): Traffic {
  const chance = random(seed)
  const below = (limit: number) => Math.floor(chance() * limit)
  let requests = 0
  let clients = 0
  let waiting: Failing[] = []

  const line = (ip: string, status: number, now: number): string => {
    const slow = chance() < 0.1 ? below(SLOWEST * 1000) : below(50)
    const slot = chance() < 0.2 ? `45.0.0.${below(250)}, ${ip}` : ip
    requests += 1
    return (
      `[pid: ${20_000 + below(8)}|app: 0|req: ${requests}/${requests}] ${slot} () ` +
      `{${24 + below(20)} vars in ${300 + below(500)} bytes} [${ctime(now - slow)}] GET /page/${below(1000)} => ` +
      `generated ${below(20_000)} bytes in ${slow} msecs (HTTP/1.1 ${status}) 2 headers in 71 bytes ` +
      `(1 switches on core 0)\n`
    )
  }
  const newClient = (): string => {
    clients += 1
    const [high, low] = [clients >> 8, clients & 255]
    return clients % 5 === 0
      ? `2a00:1450:${high.toString(16)}::${low.toString(16)}`
      : `45.${1 + (high >> 8)}.${high & 255}.${low}`
  }
  const visit = (ip: string, at: number, visits: number): Failing => {
    const left = chance() < 0.2 ? 3 + below(WINDOW.max - 3) : WINDOW.max + below(4)
    return { ip, at, visits, left, pause: (500 + below(17_500)) / left }
  }

  const failing = (now: number): string | undefined => {
    if (chance() < ARRIVALS) waiting.push(visit(newClient(), now, chance() < 0.4 ? 1 + below(2) : 0))
    const next = waiting.find(({ at }) => at <= now)
    if (!next) return undefined
    next.left -= 1
    next.at = Math.max(next.at + next.pause, now)
    if (next.left === 0) {
      waiting = waiting.filter(other => other !== next)
      const back = now + (BAN_SECONDS + WINDOW.find + 2 * WINDOW.late + below(20)) * 1000
      if (next.visits > 0) waiting.push(visit(next.ip, back, next.visits - 1))
    }
    return line(next.ip, [404, 403, 400, 401][below(4)] as number, now)
  }

  return {
    line(now, withFailing) {
      const failed = withFailing ? failing(now) : undefined
      const status = chance() < 0.02 ? (chance() < 0.5 ? 404 : 502) : 200
      return failed ?? line(`46.1.${below(2)}.${below(USERS / 2)}`, status, now)
    },
    last(now) {
      const ip = newClient()
      return { ip, lines: Array.from({ length: WINDOW.max }, () => line(ip, 404, now)) }
    },
  }
}

function ctime(time: number): string {
  const date = new Date(time)
  const day = String(date.getUTCDate()).padStart(2)
  return `${DAYS[date.getUTCDay()]} ${MONTHS[date.getUTCMonth()]} ${day} ${date.toISOString().slice(11, 19)} ${date.getUTCFullYear()}`
}
