/** The packet filter's bans: they fall, they hurt nobody else, and they end although nothing of ours lives. */
import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { bundle } from '../support/commands.js'
import { waitFor } from '../support/wait-for.js'
import { ATTACKER, ATTACKER6 } from './addresses.js'
import {
  attackUntilRefused,
  banFor,
  banOf,
  endByThemselves,
  isRefused,
  killAll,
  othersAreServed,
  type Scene,
  startFiltering,
  startPipeline,
  strangeLinesAreServed,
  untilServed,
} from './lab/attack.js'
import { inTime } from './lab/in-time.js'
import { createLab, type Lab } from './lab/lab.js'
import { APP, kernelTest, PACKET_FILTER } from './lab/needs.js'
import { isFromApp } from './lab/request.js'

const FAMILIES = ['iptables', 'ip6tables'] as const
const NEEDS = ['nginx', ...APP, ...PACKET_FILTER]

kernelTest('nginx proxy_pass: banned by the header', NEEDS, async t => {
  const lab = await createLab(t)
  const uwsgi = await lab.uwsgi({ http: 3031 })
  const front = await lab.nginx({ to: [uwsgi.http], forwarded: 'set' })
  await story(t, { lab, uwsgi, front }, '--port 3031')
})

kernelTest('nginx uwsgi_pass: banned by the uwsgi variable', NEEDS, async t => {
  const lab = await createLab(t)
  // the option would replace the true address with the client's own header
  const uwsgi = await lab.uwsgi({ socket: 3032, forwarded: false })
  const front = await lab.nginx({ to: [uwsgi.socket], speaks: 'uwsgi' })
  await story(t, { lab, uwsgi, front }, '--port 3032 --match uwsgi')
})

kernelTest('xff-ban takes a ban down when it ends', NEEDS, async t => {
  const lab = await createLab(t)
  const uwsgi = await lab.uwsgi({ http: 3031 })
  const scene = { lab, uwsgi, front: await lab.nginx({ to: [uwsgi.http], forwarded: 'set' }) }
  const pipeline = await startFiltering(scene, '--port 3031')
  const rules = async (family: string) =>
    (await lab.command([`${family}-save`])).split('\n').filter(line => line.startsWith('-A xff-ban'))
  const { found } = await inTime(async seconds => {
    const until = await banFor(lab, ATTACKER, seconds)
    const answer = await lab.request({ from: ATTACKER, to: scene.front })
    return { until, found: { answer, v4: await rules('iptables'), v6: await rules('ip6tables') } }
  })
  t.notOk(isFromApp(found.answer), 'refused')
  t.equal(found.v4.length, 1, 'one rule for the names of all front ends')
  t.same(found.v6, [], 'none in the family in which nobody listens')
  await waitFor('the record of its end', () => pipeline.records().find(({ type }) => type === 'unban'))
  t.same(await rules('iptables'), [], 'no rule is left')
  await untilServed(scene, ATTACKER)
  t.pass('served')
})

kernelTest('a refused packet frees the app', NEEDS, async t => {
  const lab = await createLab(t)
  const uwsgi = await lab.uwsgi({ http: 3031 })
  const scene = { lab, uwsgi, front: await lab.nginx({ to: [uwsgi.http], forwarded: 'set' }) }
  await startFiltering(scene, '--port 3031')
  await attackUntilRefused(t, scene, ATTACKER)
  await isRefused(t, scene, ATTACKER)
  t.equal(await halfOpen(lab), '', 'no connection is left behind')
})

kernelTest(
  'without nft iptables refuses in the filter table, and xff-ban says what that does',
  NEEDS,
  async t => {
    const lab = await createLab(t)
    const uwsgi = await lab.uwsgi({ http: 3031 })
    const scene = { lab, uwsgi, front: await lab.nginx({ to: [uwsgi.http], forwarded: 'set' }) }
    const programs = FAMILIES.flatMap(family => [family, `${family}-save`, `${family}-restore`]).concat('ss')
    const path = join(lab.folder, 'without-nft')
    mkdirSync(path)
    for (const program of programs) {
      symlinkSync(await lab.command(['sh', '-c', `command -v ${program}`]), join(path, program))
    }
    const pipeline = lab.pipeline(
      `echo '{"type":"ban","ip":"${ATTACKER}"}' | ` +
        `PATH=${path} ${process.execPath} ${bundle('xff-ban')} --port 3031 --state ${lab.folder}/journal`,
    )
    await banOf(pipeline, ATTACKER)
    await isRefused(t, scene, ATTACKER)
    await othersAreServed(t, scene)
    const { stderr } = pipeline.written()
    t.match(stderr, /nft: not installed;.*REJECT --reject-with tcp-reset instead/)
    t.match(stderr, /port 3031 has a listen queue of 100/)
    t.match(await halfOpen(lab), ':3031', 'as it says')
  },
)

kernelTest('a front end that reaches the app by IPv6', NEEDS, async t => {
  const lab = await createLab(t)
  const uwsgi = await lab.uwsgi({ http: 3031, over: 'v6' })
  const scene = { lab, uwsgi, front: await lab.nginx({ to: [uwsgi.http], over: 'v6', forwarded: 'set' }) }
  const pipeline = startPipeline(scene, '--port 3031 --packets iptables')
  await waitFor('the jump', async () => (await lab.command(['ip6tables-save'])).includes('-j xff-ban'))
  for (const attacker of [ATTACKER, ATTACKER6]) await attackUntilRefused(t, scene, attacker)
  for (const attacker of [ATTACKER, ATTACKER6]) await isRefused(t, scene, attacker)
  await othersAreServed(t, scene)
  t.equal(await halfOpen(lab), '', 'no connection is left behind')
  t.notMatch(await lab.command(['iptables-save']), 'xff-ban', 'no rules in the other family')
  t.equal(pipeline.records().length, 2, 'nobody else was banned')
})

/** The app's connections that wait for a packet with data. */
function halfOpen(lab: Lab): Promise<string> {
  return lab.command(['ss', '-Hnt', 'state', 'syn-recv'])
}

async function story(t: Test, scene: Scene, options: string): Promise<void> {
  const pipeline = await startFiltering(scene, options)
  await othersAreServed(t, scene)

  for (const attacker of [ATTACKER, ATTACKER6]) {
    const refusal = await attackUntilRefused(t, scene, attacker)
    t.equal(refusal.status, 502, 'a reset connection is a bad gateway to nginx')
  }
  const bans = [await banOf(pipeline, ATTACKER), await banOf(pipeline, ATTACKER6)]
  t.match(bans, [{ failures: 10 }, { failures: 10 }], 'ten failures made each ban')
  for (const attacker of [ATTACKER, ATTACKER6]) await isRefused(t, scene, attacker)
  await othersAreServed(t, scene)
  await strangeLinesAreServed(t, scene)

  await killAll(t, pipeline)
  for (const attacker of [ATTACKER, ATTACKER6]) await isRefused(t, scene, attacker)
  await othersAreServed(t, scene)

  t.equal(pipeline.records().length, 2, 'nobody else was banned')
  await endByThemselves(t, scene, `${options} --packets iptables`, [ATTACKER, ATTACKER6])
}
