import { closeSync, existsSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** Whole numbers from 0 to below a bound. */
type Random = (below: number) => number

/** What a log line tells. */
interface Answered {
  ip: string
  status: number
  /** milliseconds since 1970 */
  time: number
  /** the number of the line, from 0 */
  serial: number
}

/** Who fails: what a client is, by the random numbers that choose it. */
export const ATTACKERS = {
  /** too many for any to be banned, in the bench's span, and few enough to be remembered */
  few: random => `203.0.${random(20)}.${random(256)}`,
  /** so few that each is banned, and goes on */
  banned: random => `203.0.${random(4)}.${random(256)}`,
  /** nearly each failure is another's */
  botnet: random => `${60 + random(4)}.${random(250)}.${random(250)}.${1 + random(4)}`,
} as const satisfies Record<string, (random: Random) => string>

/** How lines look, the newline aside; `%(addr)` is the header, as with `log-x-forwarded-for`. */
export const LOOKS = {
  /** uWSGI's own layout */
  own: ({ ip, status, time, serial }, random) =>
    `[pid: ${20_000 + random(8)}|app: 0|req: ${serial >> 3}/${serial}] ${listed(ip, random)} () ` +
    `{${24 + random(20)} vars in ${300 + random(500)} bytes} [${ctime(time)}] ` +
    `${random(4) > 0 ? 'GET' : 'POST'} ${uri(random)} => ` +
    `generated ${random(20_000)} bytes in ${random(50)} msecs (HTTP/1.1 ${status}) ` +
    `${2 + random(5)} headers in ${64 + random(100)} bytes (1 switches on core ${random(4)})`,
  /** as a web server logs; COMBINED is its log-format */
  combined: ({ ip, status, time }, random) =>
    `${listed(ip, random)} - - [${ltime(time)}] "${random(4) > 0 ? 'GET' : 'POST'} ${uri(random)} HTTP/1.1" ` +
    `${status} ${random(20_000)} "https://www.example.org/path/${random(1000)}" "${AGENTS[random(AGENTS.length)]}"`,
  /** one JSON object a line; JSON_FORMAT is its log-format */
  json: ({ ip, status, time }, random) =>
    `{"time":"${new Date(time).toISOString().slice(0, 19)}+0000","ip":"${listed(ip, random)}","status":${status},` +
    `"method":"${random(4) > 0 ? 'GET' : 'POST'}","uri":"${uri(random)}","size":${random(20_000)},"msecs":${random(50)}}`,
} as const satisfies Record<string, (answered: Answered, random: Random) => string>

const AGENTS = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36',
  'Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0',
  'curl/7.88.1',
]

export interface Kind {
  lines: number
  /** how many of a hundred lines are failures */
  percentFailures: number
  attackers?: keyof typeof ATTACKERS
  look?: keyof typeof LOOKS
  /** from the first line to the last, in seconds; 20 ms a line unless said */
  seconds?: number
}

/** Makes a log as it would have been written: the same at every run, from one seed. */
export function makeLog(file: string, kind: Kind): void {
  if (existsSync(file)) return
  const { lines, percentFailures, attackers = 'few', look = 'own', seconds = lines / 50 } = kind
  mkdirSync(dirname(file), { recursive: true })
  const random = seeded(12_345)
  const start = Date.UTC(2026, 10, 22)
  const out = openSync(`${file}.part`, 'w')
  let block = ''
  for (let serial = 0; serial < lines; serial++) {
    const failed = random(100) < percentFailures
    const ip = failed ? ATTACKERS[attackers](random) : `198.51.${random(100)}.${random(256)}`
    const status = (failed ? [404, 403, 500, 401][random(4)] : [200, 200, 302, 304][random(4)]) as number
    const time = start + Math.floor((serial * seconds * 1000) / lines)
    block += `${LOOKS[look]({ ip, status, time, serial }, random)}\n`
    if (block.length > 1 << 20) {
      writeSync(out, block)
      block = ''
    }
  }
  writeSync(out, block)
  closeSync(out)
  renameSync(`${file}.part`, file)
}

function seeded(seed: number): Random {
  let state = seed
  return below => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return (state >>> 8) % below
  }
}

/** One line of five has a forged hop before the client. */
const listed = (ip: string, random: Random) => (random(5) > 0 ? ip : `8.8.8.8, ${ip}`)
const uri = (random: Random) => `/path/${random(1000)}/page?x=${random(100_000)}`

function ctime(time: number): string {
  const date = new Date(time)
  const day = String(date.getUTCDate()).padStart(2)
  return `${DAYS[date.getUTCDay()]} ${MONTHS[date.getUTCMonth()]} ${day} ${date.toISOString().slice(11, 19)} ${date.getUTCFullYear()}`
}

function ltime(time: number): string {
  const date = new Date(time)
  const day = String(date.getUTCDate()).padStart(2, '0')
  return `${day}/${MONTHS[date.getUTCMonth()]}/${date.getUTCFullYear()}:${date.toISOString().slice(11, 19)} +0000`
}
