/** What a ban does to the connections that it meets: split headers, large bodies, pools of servers, attacks that go on. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { ATTACKER, ATTACKER6, USER, USER6 } from './addresses.js'
import { BPF } from './bpf/loaded.js'
import { banAndLeave } from './lab/attack.js'
import { createLab, type Front, type Lab } from './lab/lab.js'
import { APP, kernelTest } from './lab/needs.js'
import { isFromApp, type Request } from './lab/request.js'

const NEEDS = ['nginx', ...APP, ...BPF]
const BAN = '--port 3031 --packets bpf'
/** Of 500 paddings as many are tried in `make test`; RUNS_TIMES=10 tries all. */
const PADS = Math.min(500, 50 * Number(process.env.RUNS_TIMES ?? 1))

for (const program of ['nginx', 'haproxy'] as const) {
  kernelTest(`${program}: headers split over segments`, [program, 'ethtool', ...NEEDS], async t => {
    const lab = await createLab(t)
    // nothing may put together again what was split
    await lab.command(['ethtool', '-K', 'app', 'tso', 'off', 'gso', 'off'], { at: 'edge' })
    await lab.command(['ethtool', '-K', 'net', 'gro', 'off'])
    const { http } = await lab.uwsgi()
    const front = await (program === 'nginx' ? lab.nginx({ to: [http] }) : lab.haproxy({ to: [http] }))
    await banAndLeave({ lab }, BAN, [ATTACKER, ATTACKER6])
    const segments = await counter(lab, 'split')
    const through: unknown[] = []
    for (let i = 0; i < PADS; i++) {
      // the segment's end moves through the header that tells the client
      const pad = 1000 + Math.floor((i * 500) / PADS)
      const path = `/ok?${'x'.repeat(pad)}`
      const from = i % 2 === 0 ? ATTACKER : ATTACKER6
      const answer = await lab.request({ from, to: front, path })
      if (answer.status !== 403) through.push({ from, pad, answer })
      if (i % 10 === 0 && (await lab.request({ from: USER, to: front, path })).status !== 200) {
        through.push({ from: USER, pad })
      }
    }
    t.same(through, [], `of ${PADS} banned requests none gets through, and none of another is stopped`)
    t.ok((await counter(lab, 'split')) > segments, 'there were headers in more than one segment')
  })
}

kernelTest(
  'requests of the banned with large bodies are stopped, also before a pool of two servers',
  NEEDS,
  async t => {
    const lab = await createLab(t)
    const [one, two] = [await lab.uwsgi({ http: 3031 }), await lab.uwsgi({ http: 3032 })]
    const more = ['proxy_request_buffering off;', 'proxy_http_version 1.1;']
    const front = await lab.nginx({ to: [one.http, two.http], more })
    await banAndLeave({ lab }, `${BAN} --port 3032`, [ATTACKER, ATTACKER6])
    for (const size of [100_000, 900_000]) {
      for (const from of [ATTACKER, ATTACKER6, ATTACKER, ATTACKER6]) {
        const post = { from, to: front, method: 'POST', body: 'A'.repeat(size) }
        t.equal((await lab.request(post)).status, 403, `POST of ${size} bytes`)
        t.equal((await lab.request({ from: USER, to: front })).status, 200, 'a neighbour is served')
      }
    }
    await poolIsAlive(t, lab, front)
  },
)

kernelTest('an attack that goes on takes no place in the listen queue of the app', NEEDS, async t => {
  const lab = await createLab(t)
  const [one, two] = [await lab.uwsgi({ http: 3031 }), await lab.uwsgi({ http: 3032 })]
  const front = await lab.nginx({ to: [one.http, two.http] })
  await banAndLeave({ lab }, `${BAN} --port 3032`, [ATTACKER])
  const many = (request: Omit<Request, 'to'>, count: number) =>
    Promise.all(Array.from({ length: count }, () => lab.request({ ...request, to: front })))
  const [banned, others] = await Promise.all([
    many({ from: ATTACKER }, 500),
    // the listen queue holds 100, and it is not for this test to fill it
    many({ from: USER6, path: '/slow' }, 60),
  ])
  t.same(banned.filter(({ status }) => status !== 403).slice(0, 3), [], '500 refusals')
  t.same(others.filter(({ status }) => status !== 200).slice(0, 3), [], '60 others are served')
  await poolIsAlive(t, lab, front)
})

kernelTest('the kernel answers with another status, and bans prefixes', NEEDS, async t => {
  const lab = await createLab(t)
  const { http } = await lab.uwsgi()
  const front = await lab.nginx({ to: [http] })
  const status = async (from: string) => (await lab.request({ from, to: front })).status
  await banAndLeave({ lab }, `${BAN} --answer 429`, ['1.2.0.0/16', '2001:db8:a::/125'])
  t.same([await status(ATTACKER), await status(ATTACKER6)], [429, 429], 'both are in a banned prefix')
  t.same([await status(USER), await status(USER6)], [200, 200])
  await banAndLeave({ lab }, `${BAN} --answer reset`, [ATTACKER])
  t.equal(await status(ATTACKER), 502)
  await banAndLeave({ lab }, `${BAN} --answer count`, [ATTACKER])
  const before = await counter(lab, 'hits')
  t.equal(await status(ATTACKER), 200, 'a rehearsal stops nobody')
  t.equal((await counter(lab, 'hits')) - before, 1, 'and counts')
})

kernelTest('what must not be banned is left out of a prefix that is', NEEDS, async t => {
  const lab = await createLab(t)
  const { http } = await lab.uwsgi()
  const front = await lab.nginx({ to: [http] })
  const status = async (from: string) => (await lab.request({ from, to: front })).status
  const [around, around6] = ['1.2.0.0/16', '2001:db8:a::/64']
  const spared = `${BAN} --ignore ${ATTACKER} --ignore ${ATTACKER6}`
  await banAndLeave({ lab }, spared, [around, around6])
  t.same([await status('1.2.3.45'), await status(ATTACKER)], [403, 200], 'a hole in a prefix of IPv4')
  t.same([await status(USER6), await status(ATTACKER6)], [403, 200], 'and in one of IPv6')
  await banAndLeave({ lab }, BAN, [around, around6])
  t.same([await status(ATTACKER), await status(ATTACKER6)], [403, 403], 'gone with the option')
})

/** Shows that nginx has found no server failing, and that the app's queue is empty. */
async function poolIsAlive(t: Test, lab: Lab, front: Front): Promise<void> {
  const answers = await Promise.all(Array.from({ length: 20 }, () => lab.request({ from: USER, to: front })))
  t.ok(answers.every(isFromApp), 'the pool serves')
  const failures = readFileSync(join(front.folder, 'error.log'), 'utf8')
    .split('\n')
    .filter(line => / upstream|reset by peer|connect\(\) failed/.test(line))
  t.same(failures, [], 'no failure of an upstream')
  t.equal((await lab.command(['ss', '-Hnt', 'state', 'syn-recv'])).trim(), '', 'no half-open socket')
}

/** Where two of the kernel program's counters are (contract.h), in bytes. */
const COUNTERS = { hits: 16, split: 40 } as const

/** One of them, of all ports and CPUs. */
async function counter(lab: Lab, name: keyof typeof COUNTERS): Promise<number> {
  const namespace = (await lab.command(['stat', '-L', '-c', '%i', '/proc/self/ns/net'])).trim()
  const pin = `/sys/fs/bpf/xff-ban/v5-${namespace}/maps/stats`
  const rows: { values: { value: string[] }[] }[] = JSON.parse(
    await lab.command(['bpftool', '-j', 'map', 'dump', 'pinned', pin]),
  )
  return rows
    .flatMap(({ values }) => values)
    .map(({ value }) => Number(Buffer.from(value.map(Number)).readBigUInt64LE(COUNTERS[name])))
    .reduce((sum, count) => sum + count, 0)
}
