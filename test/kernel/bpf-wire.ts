/**
 * On a wire that loses, doubles and reorders packets no banned client gets through, and nobody else is refused or left
 * without an answer that he would get without the program. RUNS_TIMES=50 makes 5,000 refusals of 240 with each app, and
 * has the same traffic without the program before, on a wire of the same SEED.
 */
import { resolve } from 'node:path'
import type { Test } from 'tap'
import { waitFor } from '../support/wait-for.js'
import { ATTACKER, USER } from './addresses.js'
import { BPF } from './bpf/loaded.js'
import { banAndLeave } from './lab/attack.js'
import { createLab, type Front, type Lab } from './lab/lab.js'
import { APP, kernelTest } from './lab/needs.js'
import { isFromApp } from './lab/request.js'

const TIMES = Number(process.env.RUNS_TIMES ?? 1)
/** Of what the wire does to the frames, in their order. */
const SEED = Number(process.env.SEED ?? 7)
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
type Quality = (typeof WIRES)[keyof typeof WIRES]

/**
 * So many requests of the neighbour may be lost for the program's sake. A segment of a header that overtakes another is
 * dropped and has to come again; where that is lost too, on a connection whose SYN was, TCP waits for 6 s, and uWSGI
 * gives up after 4. It befalls some of 10,000 requests on a wire that does both.
 */
const mayBeLost = ([loss, , reorder]: Quality) => (loss && reorder ? Math.ceil(REQUESTS / 500) : 0)

const NEEDS = ['perl', 'ethtool', 'nginx', ...APP, ...BPF]

for (const [name, quality] of Object.entries(WIRES)) {
  kernelTest(
    `kept connections over a wire ${name}`,
    NEEDS,
    async t => {
      const alone = TIMES > 1 ? await converse(t, quality, { path: '/read', isPoliced: false }) : undefined
      const { wrong, refused, lostGets, lostPosts } = await converse(t, quality, { path: '/read' })
      t.comment(
        `SEED=${SEED}: ${refused} refused; of ${REQUESTS} requests of the neighbour lost: ` +
          `${tellLost({ lostGets, lostPosts })}${alone ? `, and ${tellLost(alone)} without the program` : ''}`,
      )
      t.same(wrong.slice(0, 3), [], `${wrong.length} wrong`)
      const lost = [...lostGets, ...lostPosts]
      const allowed = mayBeLost(quality) + (alone ? alone.lostGets.length + alone.lostPosts.length : 0)
      t.same(lost.slice(allowed), [], `${lost.length} requests of the neighbour are lost, ${allowed} may be`)
    },
    PATIENCE,
  )

  // It answers a POST at once and closes the connection on which the body still comes: its RST takes the answer away, or
  // meets the next request. nginx repeats a GET that this befalls and no POST, on a perfect wire and without us as well.
  kernelTest(
    `kept connections over a wire ${name}, of an app that reads no bodies`,
    NEEDS,
    async t => {
      const alone = TIMES > 1 ? await converse(t, quality, { path: '/ok', isPoliced: false }) : undefined
      const { wrong, refused, lostGets, lostPosts } = await converse(t, quality, { path: '/ok' })
      t.comment(
        `SEED=${SEED}: ${refused} refused; POSTs of the neighbour that the app has cut off: ` +
          `${lostPosts.length}${alone ? `, and ${alone.lostPosts.length} without the program` : ''}`,
      )
      t.same(wrong.slice(0, 3), [], `${wrong.length} wrong`)
      const allowed = mayBeLost(quality) + (alone?.lostGets.length ?? 0)
      t.same(lostGets.slice(allowed), [], `${lostGets.length} GETs are lost, ${allowed} may be`)
    },
    PATIENCE,
  )
}

interface Lost {
  lostGets: unknown[]
  lostPosts: unknown[]
}

interface Outcome extends Lost {
  /** answers to the banned by the app, and refusals of the neighbour */
  wrong: unknown[]
  refused: number
}

function tellLost({ lostGets, lostPosts }: Lost): string {
  return `${lostGets.length} GETs and ${lostPosts.length} POSTs`
}

interface Conversation {
  /** which page of the app; whether it reads bodies */
  path: '/read' | '/ok'
  /** whether the program is there, and the attacker banned */
  isPoliced?: boolean
}

/** Has a neighbour and an attacker make requests over a wire of their own. */
async function converse(
  t: Test,
  quality: Quality,
  { path, isPoliced = true }: Conversation,
): Promise<Outcome> {
  const lab = await createLab(t)
  await lab.uwsgi({ more: [['http11-socket', '10.77.0.2:3033']], workers: 8 })
  const front = await lab.nginx({ to: [{ v4: '10.77.0.2', v6: 'fd77::2', port: 3033 }], keepalive: 8 })
  await insertWire(lab, quality)
  if (isPoliced) await banAndLeave({ lab }, '--port 3033 --packets bpf', [ATTACKER])
  const outcome: Outcome = { wrong: [], refused: 0, lostGets: [], lostPosts: [] }
  const clients = [ATTACKER, USER].flatMap(from =>
    Array.from({ length: AT_ONCE }, (_, number) => client(lab, front, { from, path, number }, outcome)),
  )
  await Promise.all(clients)
  return outcome
}

/** One of the AT_ONCE of an address makes its part of the requests. */
async function client(
  lab: Lab,
  front: Front,
  { from, path, number }: { from: string; path: string; number: number },
  outcome: Outcome,
): Promise<void> {
  for (let i = number; i < REQUESTS; i += AT_ONCE) {
    // headers in one segment and in three, bodies that look like requests
    const headers = i % 3 === 0 ? { Cookie: 'c'.repeat(3000) } : {}
    const body = `GET / HTTP/1.1\r\nX-Forwarded-For: ${ATTACKER}\r\n\r\n`.repeat(1 + (i % 200))
    const isPost = i % 2 === 0
    const post = isPost ? { method: 'POST', body } : {}
    const answer = await lab.request({ from, to: front, path, headers, ...post, within: 20_000 })
    const isRefused = answer.status === 403
    if (from === ATTACKER) {
      if (isRefused) outcome.refused += 1
      else if (isFromApp(answer)) outcome.wrong.push({ from, i, answer })
    } else if (isRefused) {
      outcome.wrong.push({ from, i, answer })
    } else if (!isFromApp(answer)) {
      const lost = isPost ? outcome.lostPosts : outcome.lostGets
      lost.push({ i, answer })
    }
  }
}

/** Puts the wire between the switch and the app. */
async function insertWire(lab: Lab, quality: Quality): Promise<void> {
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
  const wire = lab.pipeline(
    `exec perl ${resolve('test/kernel/bpf/wire.pl')} app near ${[...quality, SEED].join(' ')}`,
    { at },
  )
  await waitFor('the wire', () => wire.written().stdout.includes('ready'))
}
