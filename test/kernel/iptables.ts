/** The packet filter's bans: they fall, they hurt nobody else, and they end although nothing of ours lives. */
import type { Test } from 'tap'
import { ATTACKER, ATTACKER6 } from './lab/cast.js'
import { createLab } from './lab/lab.js'
import { APP, kernelTest, PACKET_FILTER } from './lab/needs.js'
import {
  attackUntilRefused,
  banOf,
  isRefused,
  killAll,
  othersAreServed,
  type Scene,
  startFiltering,
  untilServed,
} from './lab/story.js'
import { until } from './lab/until.js'

const FAMILIES = ['iptables', 'ip6tables'] as const
const NEEDS = ['nginx', ...APP, ...PACKET_FILTER]

/** Of a ban, in seconds: long enough to kill the processes in the middle. */
const TIME = 8

kernelTest('nginx proxy_pass: banned by the header', NEEDS, async t => {
  const lab = await createLab(t)
  const uwsgi = await lab.uwsgi({ http: 3031 })
  const front = await lab.nginx({ to: [uwsgi.http] })
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
  const scene = { lab, uwsgi, front: await lab.nginx({ to: [uwsgi.http] }) }
  const pipeline = await startFiltering(scene, '--port 3031 --time 4')
  const rules = async () =>
    (await Promise.all(FAMILIES.map(family => lab.command([family, '-S', 'xff-ban'])))).map(listing =>
      listing.split('\n').filter(rule => rule.startsWith('-A')),
    )
  await attackUntilRefused(t, scene, ATTACKER)
  const [v4 = [], v6 = []] = await rules()
  t.ok(v4.length > 0 && v6.length === v4.length, 'rules stand in both families', { v4, v6 })
  await until('the record of its end', () => pipeline.records().find(({ type }) => type === 'unban'))
  t.same(await rules(), [[], []], 'no rule is left')
  await untilServed(scene, ATTACKER, 0)
  t.pass('served')
})

async function story(t: Test, scene: Scene, options: string): Promise<void> {
  const pipeline = await startFiltering(scene, `${options} --time ${TIME}`)
  await othersAreServed(t, scene)

  for (const attacker of [ATTACKER, ATTACKER6]) {
    const refusal = await attackUntilRefused(t, scene, attacker)
    t.equal(refusal.status, 502, 'a reset connection is a bad gateway to nginx')
  }
  const bans = [await banOf(pipeline, ATTACKER), await banOf(pipeline, ATTACKER6)]
  t.match(bans, [{ failures: 10 }, { failures: 10 }], 'ten failures made each ban')
  for (const attacker of [ATTACKER, ATTACKER6]) await isRefused(t, scene, attacker)
  await othersAreServed(t, scene)

  await killAll(t, pipeline)
  for (const attacker of [ATTACKER, ATTACKER6]) await isRefused(t, scene, attacker)
  await othersAreServed(t, scene)

  for (const { ip, until } of bans as { ip: string; until: string }[]) {
    const served = await untilServed(scene, ip, (TIME + 10) * 1000)
    const after = served - Date.parse(until)
    t.ok(after >= 0, `the ban of ${ip} lasts until ${until} and ends by itself`, { after })
    t.comment(`${ip}: served again ${after} ms after the end of the ban`)
  }
  t.equal(pipeline.records().length, 2, 'nobody else was banned')
}
