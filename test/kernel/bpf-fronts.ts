/**
 * The kernel program behind every common front end: the banned get a 403, whomever they claim to be, and nobody else
 * does; the bans end by themselves although nothing of ours lives.
 */
import type { Test } from 'tap'
import { ATTACKER, ATTACKER6, USER, VICTIM } from './addresses.js'
import { BPF } from './bpf/loaded.js'
import {
  attackUntilRefused,
  banOf,
  endByThemselves,
  killAll,
  othersAreServed,
  type Scene,
  startAnswering,
} from './lab/attack.js'
import { createLab, type Front, type Lab } from './lab/lab.js'
import { APP, kernelTest } from './lab/needs.js'
import type { Uwsgi, UwsgiOptions } from './lab/uwsgi.js'

const ATTACKERS = [ATTACKER, ATTACKER6]
/** What an attacker writes into his header, as often as he likes. */
const CLAIMS: readonly (string | readonly string[])[] = [
  ...[VICTIM, USER, 'unknown', '', ',', `${VICTIM}, 10.77.0.1`, ', , ,', '[::1]:80', `${USER},`],
  ...[
    '1.2.3.4\t',
    '::ffff:8.8.8.8',
    'x'.repeat(4000),
    '10.0.0.1, '.repeat(300),
    [VICTIM, USER],
    ['', 'unknown'],
  ],
]

interface Setting {
  program: 'nginx' | 'haproxy'
  app?: UwsgiOptions
  options?: string
  front: (lab: Lab, uwsgi: Uwsgi) => Promise<Front>
  /** whether the test waits for the ends of the bans */
  toTheEnd?: true
}

const SETTINGS: Readonly<Record<string, Setting>> = {
  'nginx proxy_pass': {
    program: 'nginx',
    toTheEnd: true,
    front: (lab, { http }) => lab.nginx({ to: [http] }),
  },
  'nginx uwsgi_pass': {
    program: 'nginx',
    // the option would replace the true address with the client's own header
    app: { socket: 3031, forwarded: false },
    options: '--uwsgi REMOTE_ADDR',
    front: (lab, { socket }) => lab.nginx({ to: [socket], speaks: 'uwsgi' }),
  },
  'HAProxy with option forwardfor': {
    program: 'haproxy',
    front: (lab, { http }) => lab.haproxy({ to: [http] }),
  },
  'nginx behind nginx': {
    program: 'nginx',
    front: async (lab, { http }) => lab.nginx({ to: [await lab.nginx({ at: 'inner', to: [http] })] }),
  },
  'nginx behind nginx, counted': {
    program: 'nginx',
    options: '--hops 2',
    front: async (lab, { http }) => lab.nginx({ to: [await lab.nginx({ at: 'inner', to: [http] })] }),
  },
  'nginx with upstream keepalive': {
    program: 'nginx',
    front: (lab, { http }) => lab.nginx({ to: [http], keepalive: 8 }),
  },
  'a header of its own': {
    program: 'nginx',
    options: '--header X-Real-IP --hops 1',
    front: (lab, { http }) => lab.nginx({ to: [http] }),
  },
}

for (const [name, setting] of Object.entries(SETTINGS)) {
  const { program, app = { http: 3031 }, options = '', front, toTheEnd = false } = setting
  kernelTest(name, [program, ...APP, ...BPF], async t => {
    const lab = await createLab(t)
    const uwsgi = await lab.uwsgi(app)
    const scene = { lab, uwsgi, front: await front(lab, uwsgi) }
    const pipeline = await startAnswering(scene, `--port 3031 --packets bpf ${options}`)
    await othersAreServed(t, scene)
    for (const attacker of ATTACKERS) {
      t.equal((await attackUntilRefused(t, scene, attacker)).status, 403, 'the answer is complete')
    }
    for (const attacker of ATTACKERS) await banOf(pipeline, attacker)
    await areForbidden(t, scene)
    await killAll(t, pipeline)
    await areForbidden(t, scene)
    await othersAreServed(t, scene)
    t.equal(pipeline.records().length, 2, 'nobody else was banned')
    if (toTheEnd) await endByThemselves(t, scene, '--port 3031 --packets bpf', ATTACKERS)
  })
}

/** Shows that the attackers get a 403 for everything. */
async function areForbidden(t: Test, { lab, front }: Scene): Promise<void> {
  const others: unknown[] = []
  for (const from of ATTACKERS) {
    for (const claim of [undefined, ...CLAIMS]) {
      const headers = claim === undefined ? {} : { 'X-Forwarded-For': claim }
      const answer = await lab.request({ from, to: front, headers })
      if (answer.status !== 403) others.push({ from, headers, answer })
    }
  }
  t.same(others, [], 'the banned get a 403, whomever they claim to be')
}
