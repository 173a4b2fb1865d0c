/**
 * Connections that the front end keeps and that many clients share, banned ones among them: no answer goes to another.
 * RUNS_TIMES=50 makes 100,000 requests of 2,000.
 */
import { ATTACKER, ATTACKER6, USER, USER6, USERS } from './addresses.js'
import { BPF } from './bpf/loaded.js'
import { banAndLeave } from './lab/attack.js'
import { createLab, type Front, type Lab } from './lab/lab.js'
import { APP, kernelTest } from './lab/needs.js'
import { ADDRESSES, type Endpoint } from './lab/network.js'

const REQUESTS = 1000 * Number(process.env.RUNS_TIMES ?? 1)
const PATIENCE = 600_000 * Number(process.env.RUNS_TIMES ?? 1)
/** Fewer than there are workers, which serve a kept connection alone. */
const AT_ONCE = 4
const CLIENTS = [ATTACKER, USER, ATTACKER6, USER6, ATTACKER, ...USERS]

const FRONTS: Readonly<Record<'nginx' | 'haproxy', (lab: Lab, to: Endpoint) => Promise<Front>>> = {
  nginx: (lab, to) => lab.nginx({ to: [to], keepalive: 8 }),
  haproxy: (lab, to) => lab.haproxy({ to: [to] }),
}

for (const [program, start] of Object.entries(FRONTS)) {
  kernelTest(
    `${program}: of requests that share connections each gets the answer to itself`,
    [program, ...APP, ...BPF],
    async t => {
      const lab = await createLab(t)
      await lab.uwsgi({ more: [['http11-socket', `${ADDRESSES.app.v4}:3033`]], workers: 8 })
      const front = await start(lab, { ...ADDRESSES.app, port: 3033 })
      await banAndLeave({ lab }, '--port 3033 --packets bpf', [ATTACKER, ATTACKER6])
      const wrong: unknown[] = []
      const counts = { refused: 0, served: 0 }
      let next = 0
      const worker = async () => {
        while (next < REQUESTS) {
          const number = next++
          const from = CLIENTS[number % CLIENTS.length] ?? USER
          const isBanned = from === ATTACKER || from === ATTACKER6
          const headers = number % 5 === 0 ? { Cookie: 'c'.repeat(3000) } : {}
          const answer = await lab.request({ from, to: front, path: `/echo?${number}`, headers })
          const isRight = isBanned
            ? answer.status === 403
            : answer.status === 200 && answer.body === `the app says ${from} ${number}\n`
          if (!isRight) wrong.push({ from, number, answer })
          else if (isBanned) counts.refused += 1
          else counts.served += 1
        }
      }
      await Promise.all(Array.from({ length: AT_ONCE }, worker))
      t.same(wrong.slice(0, 3), [], `${wrong.length} of ${REQUESTS} get another answer`)
      for (const [what, count] of Object.entries(counts)) t.ok(count > REQUESTS / 20, `${count} are ${what}`)
    },
    PATIENCE,
  )
}
