/** Bans as files that uWSGI's own router looks for: they end by xff-ban, or by a janitor when it is dead. */
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { waitFor } from '../support/wait-for.js'
import { ATTACKER, ATTACKER6 } from './lab/cast.js'
import { createLab } from './lab/lab.js'
import { APP, kernelTest } from './lab/needs.js'
import {
  attackUntilRefused,
  banOf,
  isRefused,
  killAll,
  othersAreServed,
  startPipeline,
  untilServed,
} from './lab/story.js'

/** Of a ban, in seconds: long enough to kill the processes in the middle. */
const TIME = 6
const LATEST_END = (TIME + 10) * 1000

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
  const pipeline = startPipeline(scene, `--dir ${dir} --time ${TIME}`)
  await waitFor('the folder of the bans', () => existsSync(dir))

  t.comment('xff-ban ends a ban')
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
  const served = await untilServed(scene, ATTACKER, LATEST_END)
  t.ok(served >= Date.parse(first.until), 'served after its end')
  t.comment(`served again ${served - Date.parse(first.until)} ms after the end of the ban`)
  await waitFor('the record of its end', () => pipeline.records().find(({ type }) => type === 'unban'))
  t.same(readdirSync(dir), [], 'no file is left')

  t.comment('a janitor ends a ban')
  await attackUntilRefused(t, scene, ATTACKER6)
  const second = (await banOf(pipeline, ATTACKER6)) as { until: string }
  await killAll(t, pipeline)
  await janitor()
  await isRefused(t, scene, ATTACKER6)
  await othersAreServed(t, scene)
  await waitFor(
    'the janitor to find a ban that is over',
    async () => {
      await janitor()
      return readdirSync(dir).length === 0
    },
    { within: LATEST_END, every: 50 },
  )
  t.ok(Date.now() >= Date.parse(second.until), 'the file stays until the end of the ban')
  await untilServed(scene, ATTACKER6, 0)
  t.pass('served when the file is gone')
})
