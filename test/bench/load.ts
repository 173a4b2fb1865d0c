import { ATTACKER, USERS } from '../kernel/addresses.js'
import { type Answer, isFromApp } from '../kernel/lab/request.js'
import { ban, CONTENDERS, type Contender, NAME_WIDTH, startFront } from './contenders.js'
import { milliseconds, quantile, startTable } from './table.js'
import { withLab } from './with-lab.js'

/** How long requests are made, in seconds; twice as long as the app keeps a half-open socket. */
const SECONDS = 15
/** Requests a second. */
const LEGITIMATE = 20
/** Of the banned client: the fewer with every listen queue, the more with the default one. */
const BANNED = [50, 1000]
/** How long a legitimate client waits, in milliseconds. */
const PATIENCE = 15_000

interface Situation {
  contender: Contender
  /** uWSGI's listen queue */
  listen: number
  /** how many servers are behind the front end */
  servers: number
  /** requests a second of the banned client */
  rate: number
}

/** What a banned client who goes on does to the others. */
export async function measureLoad(): Promise<void> {
  const row = startTable(
    `${LEGITIMATE} legitimate requests a second for ${SECONDS} s (pages of 10 ms, 2 workers), ` +
      `a banned client makes some as well`,
    ['enforcement', 'listen', 'servers', 'banned rps', 'answered', 'p50', 'p99', 'banned client served'],
    [NAME_WIDTH, 6, 7, 10, 10, 8, 8],
  )
  for (const servers of [1, 2]) {
    for (const listen of [100, 4096]) {
      for (const rate of listen === 100 ? BANNED : BANNED.slice(0, 1)) {
        for (const contender of CONTENDERS) row(await situate({ contender, listen, servers, rate }))
      }
    }
  }
}

function situate({ contender, listen, servers, rate }: Situation): Promise<string[]> {
  return withLab(async lab => {
    const ports = [3031, 3032].slice(0, servers)
    const more = contender.uwsgi?.(lab) ?? []
    const apps = []
    for (const http of ports) apps.push(await lab.uwsgi({ http, listen, more }))
    const front = await startFront(
      contender,
      lab,
      apps.map(({ http }) => http),
    )
    await ban(contender, { lab, front, ports }, [ATTACKER])
    const [legitimate, banned] = await Promise.all([
      atRate(LEGITIMATE, i => {
        const from = USERS[i % USERS.length] as string
        return lab.request({ from, to: front, path: '/slow', within: PATIENCE })
      }),
      atRate(rate, () => lab.request({ from: ATTACKER, to: front, path: '/404', within: 5000 })),
    ])
    const answered = legitimate.filter(isFromApp)
    const times = legitimate.map(({ ms }) => ms)
    return [
      contender.name,
      String(listen),
      String(servers),
      String(rate),
      `${answered.length} of ${legitimate.length}`,
      milliseconds(quantile(times, 0.5)),
      milliseconds(quantile(times, 0.99)),
      `${banned.filter(isFromApp).length} of ${banned.length}`,
    ]
  })
}

/** Makes requests at a steady rate, whether or not earlier ones were answered. */
async function atRate(rate: number, make: (index: number) => Promise<Answer>): Promise<Answer[]> {
  const answers: Promise<Answer>[] = []
  await new Promise<void>(done => {
    const timer = setInterval(() => {
      answers.push(make(answers.length))
      if (answers.length < rate * SECONDS) return
      clearInterval(timer)
      done()
    }, 1000 / rate)
  })
  return Promise.all(answers)
}
