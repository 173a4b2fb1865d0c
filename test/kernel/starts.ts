/** What an xff-ban that bans in the kernel finds out, and says, when it starts. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readBan } from '../../lib/xff-ban/backend/bpf/contract.js'
import { waitFor } from '../support/wait-for.js'
import { ATTACKER } from './addresses.js'
import { BPF } from './bpf/loaded.js'
import { createPolicedApp, type PolicedApp, state } from './bpf/policed-app.js'
import type { Lab } from './lab/lab.js'
import { APP, kernelTest, PACKET_FILTER } from './lab/needs.js'

const NEEDS = ['nginx', ...APP, ...BPF]

/** Runs xff-ban in a shell to its end. @returns what it has said */
async function saysOf(lab: Lab, command: string): Promise<string> {
  const pipeline = lab.pipeline(command)
  await waitFor('its end', pipeline.ended)
  return pipeline.written().stderr
}

kernelTest(
  'a port on which nobody listens, and a template that is open at an end, are said at the start',
  [...NEEDS, ...PACKET_FILTER],
  async t => {
    const stage = await createPolicedApp(t)
    const { lab } = stage
    const start = (options: string) =>
      saysOf(lab, `xff-ban --port 3031 --port 3999 ${options} ${state(stage)} < /dev/null`)
    for (const packets of ['bpf', 'iptables']) {
      const said = await start(`--packets ${packets}`)
      t.equal(said.match(/nobody listens on port 3999 here.*nsenter --net=/g)?.length, 1, packets)
      t.notMatch(said, 'port 3031 here', 'somebody listens there')
    }
    const wrong = await saysOf(lab, `xff-ban --port 3999 --packets bpf ${state(stage, 'wrong')} < /dev/null`)
    t.match(wrong, /nobody listens on port 3999 here, but uwsgi \(pid \d+\) on port 3031: .*; --port 3031,/)
    t.notMatch(await start('--packets iptables --chain FORWARD'), 'nobody listens', 'it is not for here')
    t.match(await start("--match 'X-Real-IP: {ip}'"), /is a prefix match/)
  },
)

kernelTest('a device whose place is taken is said and passed over, unless it is named', NEEDS, async t => {
  const stage = await createPolicedApp(t)
  const { lab, refused, xffBan } = stage
  const place = ['ingress', 'pref', '49152', 'bpf', 'bytecode', '1,6 0 0 0'] as const
  await lab.command(['ip', 'link', 'add', 'other', 'type', 'veth', 'peer', 'name', 'another'])
  await lab.command(['tc', 'qdisc', 'add', 'dev', 'other', 'clsact'])
  await lab.command(['tc', 'filter', 'add', 'dev', 'other', ...place])
  const command = `echo '{"type":"ban","ip":"${ATTACKER}"}' | xff-ban --port 3031 ${state(stage)}`
  const said = await saysOf(lab, command)
  t.match(said, /bans by bpf/)
  t.match(said, /other: another program has our place among its filters \(pref 49152\): requests .* pass/)
  t.same(await refused(), [ATTACKER])
  await t.rejects(xffBan(`--port 3031 --dev other ${state(stage)}`), {
    message: /other: another program has our place/,
  })
})

kernelTest('a filter that comes before ours is said, also if it comes later', NEEDS, async t => {
  const stage = await createPolicedApp(t)
  const { lab } = stage
  const before = (pref: string) =>
    lab.command([
      ...(['tc', 'filter', 'add', 'dev', 'net', 'ingress', 'pref', pref] as const),
      ...['bpf', 'da', 'bytecode', '1,6 0 0 0'],
    ])
  await lab.command(['tc', 'qdisc', 'add', 'dev', 'net', 'clsact'])
  await before('7')
  const pipeline = lab.pipeline(
    `tail -f /dev/null | xff-ban --port 3031 --packets bpf --verify 1 ${state(stage)}`,
  )
  const hasSaid = (text: string) => () => pipeline.written().stderr.includes(text)
  const said = 'net: another filter comes before ours at its ingress (pref '
  await waitFor('the start', hasSaid('bans by bpf'))
  t.ok(hasSaid(`${said}7), and requests that it accepts (TC_ACT_OK) pass unread`)())
  await before('3')
  await waitFor('a word of the second', hasSaid(`${said}3, 7)`))
  t.equal(pipeline.written().stderr.split(said).length - 1, 2, 'each is said once')
})

kernelTest('a device that goes away while it starts keeps nobody from banning', NEEDS, async t => {
  const stage = await createPolicedApp(t)
  const { lab, refused } = stage
  const tc = (await lab.command(['sh', '-c', 'command -v tc'])).trim()
  const folder = join(lab.folder, 'path')
  mkdirSync(folder)
  // what is asked for stands on stdin
  const script = `#!/bin/sh
asked=$(cat)
case "$asked" in *leaving*) ip link del leaving 2>/dev/null;; esac
printf '%s\\n' "$asked" | exec ${tc} "$@"
`
  writeFileSync(join(folder, 'tc'), script, { mode: 0o755 })
  for (const packets of ['auto', 'bpf']) {
    await lab.command(['ip', 'link', 'add', 'leaving', 'type', 'veth', 'peer', 'name', 'left'])
    const options = packets === 'auto' ? '' : `--packets ${packets}`
    const said = await saysOf(
      lab,
      `echo '{"type":"ban","ip":"${ATTACKER}"}' | PATH=${folder}:$PATH xff-ban --port 3031 ${options} ${state(stage, packets)}`,
    )
    t.match(said, /bans by bpf/, packets)
    t.same(await refused(), [ATTACKER])
    await t.rejects(lab.command(['ip', 'link', 'show', 'leaving']), 'it has gone')
    await stage.xffBan(`--port 3031 --flush ${state(stage, packets)}`)
  }
})

/** What is in the place of the kernel's clock for whoever starts xff-ban, and how he is told of it. */
const CLOCKS: Readonly<Record<string, { within: (lab: Lab) => string; said: RegExp; needs: string[] }>> = {
  'the age of a container': {
    within(lab) {
      const age = join(lab.folder, 'uptime')
      writeFileSync(age, '0.50 200.10\n')
      return `unshare --mount sh -c 'mount --bind ${age} /proc/uptime; exec "$@"' sh`
    },
    said: /\/proc\/uptime is \d+ s behind the kernel's clock/,
    needs: [],
  },
  'a clock that is ahead': {
    within(lab) {
      const age = join(lab.folder, 'uptime')
      writeFileSync(age, '99999999.50 200.10\n')
      return `unshare --mount sh -c 'mount --bind ${age} /proc/uptime; exec "$@"' sh`
    },
    said: /\/proc\/uptime is -\d+ s behind the kernel's clock/,
    needs: [],
  },
  'a time namespace': {
    within: () => 'unshare --time --boottime 500000 --fork',
    said: /\/proc\/uptime is -500000 s behind the kernel's clock/,
    needs: ['time namespaces'],
  },
}

for (const [name, { within, said, needs }] of Object.entries(CLOCKS)) {
  kernelTest(`bans end by the kernel's clock in ${name}`, [...NEEDS, ...needs], async t => {
    const stage = await createPolicedApp(t)
    const { lab, refused } = stage
    const before = uptime()
    const words = await saysOf(
      lab,
      `echo '{"type":"ban","ip":"${ATTACKER}"}' | ` +
        `${within(lab)} xff-ban --port 3031 --packets bpf --time 3600 ${state(stage)}`,
    )
    const after = uptime()
    t.match(words, said)
    const end = (await endOfBan(stage)) - 3600
    t.ok(before <= end, 'not before its time', { before, end, after })
    // to start a process is part of what was waited for
    t.ok(end <= after + (after - before), 'and not long after it', { before, end, after })
    t.same(await refused(), [ATTACKER])
  })
}

kernelTest('of the clock nothing is said where there is one', NEEDS, async t => {
  const stage = await createPolicedApp(t)
  const command = `xff-ban --port 3031 --packets bpf ${state(stage)} < /dev/null`
  t.notMatch(await saysOf(stage.lab, command), '/proc/uptime')
})

/** Seconds since boot, by the machine's own clock. */
function uptime(): number {
  return Number(readFileSync('/proc/uptime', 'latin1').split(' ')[0])
}

/** When the only ban ends, in seconds since boot. */
async function endOfBan({ lab, pins }: PolicedApp): Promise<number> {
  const [row] = JSON.parse(await lab.command(['bpftool', '-j', 'map', 'dump', 'pinned', `${pins}/maps/bans`]))
  return Number(readBan(Buffer.from(row.value.map(Number))).until) / 1e9
}
