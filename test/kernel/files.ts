/** Bans as files that uWSGI's own router looks for: they end by xff-ban, or by a janitor when it is dead. */
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { waitFor } from '../support/wait-for.js'
import { ATTACKER, ATTACKER6, USER } from './addresses.js'
import {
  attackUntilRefused,
  banAndLeave,
  banFor,
  banOf,
  isRefused,
  killAll,
  othersAreServed,
  startPipeline,
  untilServed,
} from './lab/attack.js'
import { inTime } from './lab/in-time.js'
import { createLab } from './lab/lab.js'
import { APP, kernelTest } from './lab/needs.js'

kernelTest("uWSGI's router: banned by a file", ['nginx', 'find', ...APP], async t => {
  const lab = await createLab(t)
  const dir = join(lab.folder, 'jail')
  const uwsgi = await lab.uwsgi({
    http: 3031,
    more: [['route-if', `exists:${dir}/\${HTTP_X_REAL_IP} break:403 Forbidden`]],
  })
  const front = await lab.nginx({ to: [uwsgi.http] })
  const scene = { lab, uwsgi, front }
  const janitor = () => lab.command(['find', dir, '-type', 'f', '!', '-newermt', 'now', '-delete'])
  const pipeline = startPipeline(scene, `--dir ${dir}`)
  await waitFor('the folder of the bans', () => existsSync(dir))

  t.equal((await attackUntilRefused(t, scene, ATTACKER)).status, 403, 'uWSGI forbids')
  await isRefused(t, scene, ATTACKER)
  await othersAreServed(t, scene)
  const first = (await banOf(pipeline, ATTACKER)) as { until: string }
  t.same(readdirSync(dir), [ATTACKER], 'one file a ban')
  t.equal(
    Math.round(statSync(join(dir, ATTACKER)).mtimeMs),
    Date.parse(first.until),
    'its mtime is the end of the ban',
  )

  t.comment('xff-ban ends a ban')
  const ended = await inTime(async seconds => {
    const until = await banFor(lab, USER, seconds)
    return { until, found: await lab.request({ from: USER, to: front }) }
  })
  t.equal(ended.found.status, 403, 'refused')
  const after = (await untilServed(scene, USER)) - ended.until
  t.ok(after >= 0, 'served after its end', { after })
  t.comment(`served again ${after} ms after the end of the ban`)
  await waitFor('the record of its end', () => pipeline.records().find(({ type }) => type === 'unban'))
  t.same(readdirSync(dir), [ATTACKER], 'its file is gone')

  t.comment('a janitor ends a ban')
  await killAll(t, pipeline)
  await janitor()
  await isRefused(t, scene, ATTACKER)
  await othersAreServed(t, scene)
  const { until, found } = await inTime(async seconds => {
    const [until = 0] = await banAndLeave(scene, `--dir ${dir} --time ${seconds}`, [ATTACKER6])
    await janitor()
    return { until, found: await lab.request({ from: ATTACKER6, to: front }) }
  })
  t.equal(found.status, 403, 'refused')
  await waitFor('the janitor to find a ban that is over', async () => {
    await janitor()
    return readdirSync(dir).length === 0
  })
  t.ok(Date.now() >= until, 'the file stays until the end of the ban')
  await untilServed(scene, ATTACKER6)
  t.pass('served when the file is gone')
})
