/**
 * Somebody who makes everything that a test may make, tells of it, and holds it until he is killed: a file of his own,
 * since nothing can be told of whoever was killed but by another.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import '../../support/cgroup.js'
import '../../support/apart.js'
import { execa } from 'execa'
import { smallDisk } from '../../support/full-disk.js'
import { CGROUP } from '../../support/marks.js'
import { ATTACKER } from '../addresses.js'
import { load } from '../bpf/loaded.js'
import { createLab } from './lab.js'

const never = { teardown: () => {}, passing: () => true, comment: () => {} } as never
const lab = await createLab(never)
const { http } = await lab.uwsgi()
const front = await lab.nginx({ to: [http] })
await lab.nginx({ to: [http], at: 'inner' })
await lab.command(['xff-ban', '--port', '3031', '--state', join(lab.folder, 'journal')], {
  input: `{"type":"ban","ip":"${ATTACKER}"}\n`,
})
// of those that leave their parents
await lab.command(['sh', '-c', 'setsid sleep 1000 >/dev/null 2>&1 &'])
await load(never)
await smallDisk(never, 64)
writeFileSync(join(tmpdir(), 'file'), '')
mkdirSync('.tap/fixtures/held')
await execa('test/support/systemd', ['boot'])
const answer = await lab.request({ from: ATTACKER, to: front })
console.log(JSON.stringify({ status: answer.status, group: process.env[CGROUP] }))
setInterval(() => {}, 1000)
