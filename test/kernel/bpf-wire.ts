/**
 * On a wire that loses, doubles and reorders packets no banned client gets through, and nobody else is refused or left
 * without an answer. RUNS_TIMES=50 makes 5,000 refusals of 240.
 */
import { resolve } from 'node:path'
import { waitFor } from '../support/wait-for.js'
import { ATTACKER, USER } from './addresses.js'
import { BPF } from './bpf/loaded.js'
import { banAndLeave } from './lab/attack.js'
import { createLab, type Front, type Lab } from './lab/lab.js'
import { APP, kernelTest } from './lab/needs.js'
import { isFromApp } from './lab/request.js'

const TIMES = Number(process.env.RUNS_TIMES ?? 1)
/** Of each client on each wire. */
const REQUESTS = Math.max(60, 25 * TIMES)
const PATIENCE = 600_000 * Math.max(1, TIMES / 10)
/** At a time, of each client. */
const AT_ONCE = 4
const WIRES = {
  'losing 1 %': [0.01, 0, 0],
  'doubling 5 %': [0, 0.05, 0],
  'reordering 10 %': [0, 0, 0.1],
  'losing 2 %, doubling 2 %, reordering 10 %': [0.02, 0.02, 0.1],
} as const

for (const [name, [loss, double, reorder]] of Object.entries(WIRES)) {
  kernelTest(
    `kept connections over a wire ${name}`,
    ['perl', 'ethtool', 'nginx', ...APP, ...BPF],
    async t => {
      const lab = await createLab(t)
      await lab.uwsgi({ more: [['http11-socket', '10.77.0.2:3033']], workers: 8 })
      const http = { v4: '10.77.0.2', v6: 'fd77::2', port: 3033 }
      const front = await lab.nginx({ to: [http], keepalive: 8 })
      await insertWire(lab, [loss, double, reorder, 7])
      // what the wire alone costs, to compare with
      const alone = TIMES > 1 ? await converse(lab, front, [USER]) : undefined
      await banAndLeave({ lab }, '--port 3033 --packets bpf', [ATTACKER])
      const { wrong, lost, lostPosts, refused } = await converse(lab, front, [ATTACKER, USER])
      t.comment(
        `${refused} refused; of ${REQUESTS} requests of the neighbour lost: ${lost.length + lostPosts}` +
          `${alone ? `, and ${alone.lost.length + alone.lostPosts} without the program` : ''}`,
      )
      t.same(wrong.slice(0, 3), [], `${wrong.length} wrong`)
      t.same(lost.slice(0, 3), [], `${lost.length} requests of the neighbour are lost`)
      t.same(alone?.lost.slice(0, 3) ?? [], [], 'nor are they without the program')
    },
    PATIENCE,
  )
}

/** Makes the requests of some clients. @returns what answers were wrong, and the neighbour's requests without one */
async function converse(lab: Lab, front: Front, clients: readonly string[]) {
  const wrong: unknown[] = []
  const lost: unknown[] = []
  let lostPosts = 0
  let refused = 0
  const client = async (from: string, number: number) => {
    for (let i = number; i < REQUESTS; i += AT_ONCE) {
      // headers in one segment and in three, bodies that look like requests
      const headers = i % 3 === 0 ? { Cookie: 'c'.repeat(3000) } : {}
      const body = `GET / HTTP/1.1\r\nX-Forwarded-For: ${ATTACKER}\r\n\r\n`.repeat(1 + (i % 200))
      const post = i % 2 === 0 ? { method: 'POST', body } : {}
      const answer = await lab.request({ from, to: front, headers, ...post, within: 20_000 })
      // nginx repeats no POST that met a connection which the app was closing, with or without us
      if (from === USER && !isFromApp(answer)) {
        if (i % 2 === 1) lost.push({ i, answer })
        else lostPosts += 1
      }
      if (from === ATTACKER && answer.status === 403) refused += 1
      const isWrong = from === ATTACKER ? isFromApp(answer) : answer.status === 403
      if (isWrong) wrong.push({ from, i, answer })
    }
  }
  const numbers = Array.from({ length: AT_ONCE }, (_, i) => i)
  await Promise.all(clients.flatMap(from => numbers.map(number => client(from, number))))
  return { wrong, lost, lostPosts, refused }
}

/** Puts the wire between the switch and the app. */
async function insertWire(lab: Lab, quality: readonly number[]): Promise<void> {
  const at = 'edge' as const
  const links = [
    'link add near type veth peer name far',
    'link set app nomaster',
    'link set far master switch',
    'link set near up',
    'link set far up',
  ]
  await lab.command(['ip', '-batch', '-'], { at, input: `${links.join('\n')}\n` })
  // a frame on the wire is one segment, with its checksum
  const off = ['tso', 'off', 'gso', 'off', 'gro', 'off', 'tx', 'off']
  for (const device of ['near', 'far', 'app']) await lab.command(['ethtool', '-K', device, ...off], { at })
  await lab.command(['ethtool', '-K', 'net', ...off])
  const wire = lab.pipeline(`exec perl ${resolve('test/kernel/bpf/wire.pl')} app near ${quality.join(' ')}`, {
    at,
  })
  await waitFor('the wire', () => wire.written().stdout.includes('ready'))
}
